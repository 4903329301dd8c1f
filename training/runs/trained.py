"""Trained networks on disk, as Keras keeps them: for every backend alike."""

from pathlib import Path

import keras

from training.atomic_write import atomic_write
from training.errors import TrainingError
from training.networks.backbone import without_xla

TRAINED = "trained.keras"


def keep_trained(network: keras.Model, run: Path) -> None:
    """Keep a network in a run's folder, before anything can go wrong with publishing it.

    Raises:
        TrainingError: the file system refused.
    """
    path = run / TRAINED
    try:
        with atomic_write(path) as aside:
            network.save(aside)
    except OSError as error:
        raise TrainingError(
            f"cannot keep the trained network as {path} ({error.strerror or error}): make room"
            " there; the same command then goes on from the last checkpoint"
        ) from error


def read_trained(run: Path) -> keras.Model | None:
    """Return the network kept in a run's folder, ready to say something; None if there is none.

    Raises:
        TrainingError: the file is damaged.
    """
    path = run / TRAINED
    if not path.exists():
        return None
    try:
        return without_xla(keras.models.load_model(path, compile=False))
    except (OSError, ValueError, KeyError, TypeError) as error:
        reason = str(error).partition("\n")[0]
        raise TrainingError(
            f"{path} can't be read ({reason}): remove it, and the same command trains again"
        ) from error
