"""The network of a run as a model: it predicts what the version published from it would."""

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import numpy as np

from training.data.datasets import Photos
from training.errors import TrainingError, UsageError
from training.model_cards import read_run_card
from training.publishing.training_photos import read_training_photos
from training.recipes import recipe_of_run
from training.runs.folders import TRAINED, read_run
from training.runs.trained_network import load_trained_network
from training.trust.calibrate_and_evaluate import predict_in_memory
from training.trust.calibration import calibrate
from training.trust.distance_temperature import recorded_slope
from training.trust.saved_recognizer import load_recognizer


class RunModel:
    """The trained network of a run, calibrated, in memory; its attributes are `PublishedModel`'s.

    Its probabilities differ from those of a published version by rounding.
    """

    def __init__(self, folder: Path) -> None:
        """Load the network in the folder of a run.

        Raises:
            TrainingError: the run is not trained and evaluated, or its files are damaged.
        """
        facts = read_run(folder)
        self.name, self.version = facts["recipe"], folder.absolute().name
        self.card = read_run_card(folder)
        self.labels = tuple(self.card["labels"])
        height, width, channels = self.card["input_shape"]
        self.shape: tuple[int, int, int] = (height, width, channels)
        self.preparation: str = self.card["preparation"]
        self.training_photos = read_training_photos(folder)
        with suppress(UsageError):  # A network may have layers of its recipe's file; most don't.
            recipe_of_run(facts)
        network = load_trained_network(folder)
        if network is None:
            raise TrainingError(f"{folder} has no {TRAINED}: run its recipe again")
        calibrate(network, self.card["calibration"]["temperature"])
        self._network, self._recognizer = network, None
        if self.card["recognition"]:
            self._recognizer = load_recognizer(folder, network, self.card)
        if self._recognizer is None and recorded_slope(self.card["calibration"]):
            raise TrainingError(
                f"{folder} has no intact recognizer.npz, which its probabilities are computed with:"
                " publish the run, which evaluates it once more"
            )

    def predict(self, photos: Photos) -> Mapping[str, np.ndarray]:
        """Return `probabilities`, float32 `[photos, classes]`, and maybe `recognized`, bool."""
        return predict_in_memory(self._network, self._recognizer, photos)
