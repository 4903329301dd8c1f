"""What training asks of the framework that Keras computes with, one module for each.

`tensorflow_backend` and `jax_backend` have the same functions; each imports its framework alone.
Which one is Keras's is decided by the variable KERAS_BACKEND before Keras is imported.
"""

import importlib
import importlib.util
import os
from contextlib import AbstractContextManager
from typing import Protocol, cast

from training.errors import TrainingError

_MODULES = {"tensorflow": "tensorflow", "jax": "jax"}  # By backend, what it needs.
_DEFAULT = "tensorflow"


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

    def is_out_of_memory(self, error: Exception) -> bool:
        """Whether an error says that a device has too little memory."""


def backend_name() -> str:
    """Return the backend that Keras uses or will use.

    Raises:
        TrainingError: it is not one of ours, or it is not installed.
    """
    name = os.environ.get("KERAS_BACKEND") or _DEFAULT
    if name not in _MODULES:
        raise TrainingError(f"KERAS_BACKEND is {' or '.join(_MODULES)} here, not {name!r}")
    if importlib.util.find_spec(_MODULES[name]) is None:
        others = [other for other in _MODULES if importlib.util.find_spec(_MODULES[other])]
        instead = f", or set KERAS_BACKEND={others[0]}" if others else ""
        raise TrainingError(f"{name} is not installed: install it{instead}")
    return name


def current() -> Backend:
    """Return the backend that Keras uses; importing Keras if nobody has.

    Raises:
        TrainingError: as `backend_name`.
    """
    name = backend_name()
    os.environ["KERAS_BACKEND"] = name  # Whatever the configuration file of a user's Keras says.
    return cast(Backend, importlib.import_module(f"training.backends.{name}_backend"))
