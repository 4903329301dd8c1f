"""What the command line sets up for its whole process, set up for a call within another one."""

import io
import logging
import os
import random
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal

import numpy as np
from rich.console import Console

from training.backends import backend_name
from training.console import UNLIMITED
from training.errors import TrainingError

if TYPE_CHECKING:
    from training.fitting.devices import Devices

Device = Literal["auto", "cpu", "gpu"]
"""What a call computes on; `auto`: on GPUs, if there are any."""


def console(progress: bool) -> Console:
    """Return the console of a call: quiet, or one that shows progress.

    In terminals there are bars, in notebooks and elsewhere plain lines.
    """
    if not progress:
        # Not a terminal: its bars would replace sys.stdout and sys.stderr meanwhile.
        return Console(quiet=True, file=io.StringIO())
    shown = Console(force_jupyter=False)
    return shown if shown.is_terminal else Console(force_jupyter=False, width=UNLIMITED)


@contextmanager
def quiet_imports() -> Iterator[None]:
    """Keep what TensorFlow and Optuna say while they are imported out of notebooks."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # As on the command line.
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "IProgress not found")  # Of tqdm, which Optuna imports.
        yield


@contextmanager
def devices(wanted: Device = "auto", *, deterministic: bool = False) -> Iterator["Devices"]:
    """Configure the backend as a command does, for a while.

    Afterwards determinism is off again, and the generators of Python and NumPy, which fitting
    seeds, have the states that they had.

    Raises:
        TrainingError: as of `choose_devices`, or Keras runs on another backend already.
    """
    _check_backend()
    try:
        with quiet_imports():
            from training.fitting.devices import choose_devices  # Imports Keras.

            chosen = choose_devices(wanted, deterministic=deterministic)
    except RuntimeError as error:  # Of TensorFlow, which has computed something already.
        raise TrainingError(
            f"device={wanted!r} can't be chosen any more ({error}): restart Python and choose it"
            " before anything is computed"
        ) from error
    python, numpy = random.getstate(), np.random.get_state()
    logger = logging.getLogger("tensorflow")  # Warns of each further network.
    logger.addFilter(_is_error)
    try:
        with quiet_imports():
            yield chosen
    finally:
        logger.removeFilter(_is_error)
        random.setstate(python)
        np.random.set_state(numpy)
        if deterministic:
            chosen.backend.end_determinism()


def _is_error(record: logging.LogRecord) -> bool:
    return record.levelno >= logging.ERROR


def _check_backend() -> None:
    """Raise TrainingError if Keras was imported with another backend than would be used."""
    name, keras = backend_name(), sys.modules.get("keras")
    used = keras.config.backend() if keras else name
    if used != name:
        raise TrainingError(
            f"Keras runs on {used} already, and training needs {name}: import training before"
            f" keras, or set KERAS_BACKEND={name} before Python starts"
        )
