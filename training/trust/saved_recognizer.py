"""The recognizer of a run's network, kept in the run's folder until it is published."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras

from training.array_files import read_arrays, write_arrays
from training.errors import TrainingError
from training.trust.distance_temperature import DistanceTemperature, recorded_slope
from training.trust.ood_scores import restored_score, score_arrays
from training.trust.recognition_threshold import Recognizer, recognizer_of

_FILE = "recognizer.npz"
_EXAMPLES = "examples"
_TEMPERATURE = "temperature/"  # Before the names of what the distance for it was fitted with.


def save_recognizer(recognizer: Recognizer, folder: Path) -> None:
    """Save what a recognizer was fitted with in a run's folder."""
    arrays = {**score_arrays(recognizer.score), _EXAMPLES: recognizer.examples}
    if recognizer.by_distance and recognizer.by_distance.score is not recognizer.score:
        of_distance = score_arrays(recognizer.by_distance.score)
        arrays |= {_TEMPERATURE + name: values for name, values in of_distance.items()}
    write_arrays(folder / _FILE, arrays)


def load_recognizer(
    folder: Path, network: keras.Model, card: Mapping[str, Any]
) -> Recognizer | None:
    """Return the recognizer saved in a run's folder; None if there is none, or it is damaged.

    Args:
        folder: the run's.
        network: of the run, to serve, calibrated with one temperature.
        card: of the run, with `calibration`, and `recognition` that is not None.
    """
    recognition, slope = card["recognition"], recorded_slope(card["calibration"])
    try:
        arrays = read_arrays(folder / _FILE)
        examples = arrays.pop(_EXAMPLES)
        names = [name for name in arrays if name.startswith(_TEMPERATURE)]
        of_distance = {name.removeprefix(_TEMPERATURE): arrays.pop(name) for name in names}
        score = restored_score(recognition["score"], arrays)
        by_distance = None
        if slope:
            shared = recognition["score"] == "distance" and not of_distance
            distance = score if shared else restored_score("distance", of_distance)
            by_distance = DistanceTemperature(network, distance, slope)
    except (TrainingError, KeyError, TypeError, ValueError):
        return None
    return recognizer_of(network, score, recognition["threshold"], examples, by_distance)
