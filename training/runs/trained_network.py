"""The trained network of a run, saved in Keras's own format, which every backend reads."""

from pathlib import Path

import keras

from serving.repository.atomic_write import atomic_write
from training.errors import TrainingError, explained
from training.networks.backbone import without_xla
from training.networks.flip_averaging import LAYERS
from training.networks.normalisation import BatchNormalization
from training.runs.folders import TRAINED

_LAYERS = {BatchNormalization.__name__: BatchNormalization, **LAYERS}  # Others than Keras's own.


def save_trained_network(network: keras.Model, run: Path) -> None:
    """Save a network in a run's folder, before anything can go wrong with publishing it."""
    path = run / TRAINED
    advice = "free some space; the same command then resumes from the last checkpoint"
    saving = explained(f"cannot save the trained network as {path}", advice)
    with saving, atomic_write(path) as temporary:
        network.save(temporary)


def load_trained_network(run: Path) -> keras.Model | None:
    """Load the network saved in a run's folder, ready to predict; None if there is none."""
    path = run / TRAINED
    if not path.exists():
        return None
    try:
        return without_xla(keras.models.load_model(path, _LAYERS, compile=False))
    except Exception as error:  # Keras and h5py raise many types on damaged files.
        reason = str(error).partition("\n")[0]
        raise TrainingError(
            f"cannot read {path} ({reason}): remove it, and the same command trains again"
        ) from error
