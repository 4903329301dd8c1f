"""What training asks of the framework that Keras computes with, one module for each.

`tensorflow_backend` and `jax_backend` have the same functions; each imports its framework alone.
Which one is Keras's is decided by the variable KERAS_BACKEND before Keras is imported.
"""

import importlib
import importlib.util
import os
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Protocol, cast

from training.errors import TrainingError

if TYPE_CHECKING:  # Importing Keras would decide which backend it has.
    import keras

_BACKENDS = ("tensorflow", "jax")  # Each needs the package of its name.


class Backend(Protocol):
    """The functions that the module of each backend has."""

    NAME: str
    GPU_HINT: str

    def be_deterministic(self) -> None:
        """Compute the same bits each time; to be called before anything is computed."""

    def use_cpu(self) -> None:
        """Leave GPUs alone."""

    def gpus(self) -> list[str]:
        """Return the name of each GPU, and take their memory only as it is needed."""

    def spread(self) -> AbstractContextManager[object]:
        """Return the scope in which a network is spread over all devices of the kind in use."""

    def replicas(self) -> int:
        """Return how many devices share each batch, within such a scope; else 1."""

    def to_dataset(self, batches: "keras.utils.PyDataset") -> object:
        """Return what Keras's `fit` takes the batches of an epoch from."""

    def is_out_of_memory(self, error: Exception) -> bool:
        """Whether an error says that a device has too little memory."""


def backend_name() -> str:
    """Return the backend that Keras uses or will use.

    Raises:
        TrainingError: it is not one of ours, or it is not installed.
    """
    name = os.environ.get("KERAS_BACKEND") or _BACKENDS[0]
    if name not in _BACKENDS:
        raise TrainingError(f"KERAS_BACKEND is {' or '.join(_BACKENDS)} here, not {name!r}")
    if not _is_installed(name):
        others = [f", or set KERAS_BACKEND={other}" for other in _BACKENDS if _is_installed(other)]
        raise TrainingError(f"{name} is not installed: install it{''.join(others)}")
    return name


def _is_installed(name: str) -> bool:
    return importlib.util.find_spec(name) is not None


def current() -> Backend:
    """Return the backend that Keras uses; importing Keras if nobody has.

    Raises:
        TrainingError: as `backend_name`.
    """
    name = backend_name()
    os.environ["KERAS_BACKEND"] = name  # Whatever the configuration file of a user's Keras says.
    return cast(Backend, importlib.import_module(f"training.backends.{name}_backend"))
