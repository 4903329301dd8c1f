"""What training needs from the backend of Keras, one module for each backend.

`tensorflow_backend` and `jax_backend` have the same functions; each imports only its own framework.
The environment variable KERAS_BACKEND selects one before Keras is imported.
"""

import gc
import importlib
import importlib.util
import os
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Protocol, cast

from training.errors import TrainingError

if TYPE_CHECKING:  # Importing Keras would fix its backend.
    import keras

_BACKENDS = ("tensorflow", "jax")  # Each needs the package with its name.


class Backend(Protocol):
    """What the module of each backend has; its functions are described there."""

    NAME: str
    GPU_HINT: str

    be_deterministic: Callable[[], None]
    end_determinism: Callable[[], None]
    use_cpu: Callable[[], None]
    gpus: Callable[[], list[str]]
    spread: Callable[[], AbstractContextManager[object]]
    replicas: Callable[[], int]
    is_out_of_memory: Callable[[Exception], bool]

    @staticmethod
    def to_dataset(batches: "keras.utils.PyDataset", *, parallel: bool = True) -> object:
        """Return the batches of an epoch in the form that is best for Keras's `fit`."""


def backend_name() -> str:
    """Return the name of the backend that Keras uses or will use.

    Raises:
        TrainingError: it is not supported, or not installed.
    """
    name = os.environ.get("KERAS_BACKEND") or _BACKENDS[0]
    if name not in _BACKENDS:
        raise TrainingError(f"KERAS_BACKEND must be {' or '.join(_BACKENDS)}, not {name!r}")
    if not _is_installed(name):
        others = [f", or set KERAS_BACKEND={other}" for other in _BACKENDS if _is_installed(other)]
        raise TrainingError(f"{name} is not installed: install it{''.join(others)}")
    return name


def _is_installed(name: str) -> bool:
    return importlib.util.find_spec(name) is not None


def current() -> Backend:
    """Return the backend that Keras uses, importing Keras."""
    name = backend_name()
    os.environ["KERAS_BACKEND"] = name  # Overrides the user's configuration file of Keras.
    was_enabled = gc.isenabled()
    gc.disable()  # Nothing of what is imported is garbage: looking for it takes a second.
    try:
        return cast(Backend, importlib.import_module(f"training.backends.{name}_backend"))
    finally:
        if was_enabled:
            gc.enable()
