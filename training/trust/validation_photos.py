"""The photos that a calibration is fitted to: the data set's validation photos, and own ones.

As in the training, own photos have a fixed share of the whole (`OwnPhotos.share`), but none counts
more than `OwnPhotos.most` times as much as a photo of the data set.
"""

from dataclasses import dataclass, replace

import keras
import numpy as np

from training.data.datasets import DataSet, Split
from training.recipe import Recipe
from training.trust.activations import (
    Activations,
    activation_model,
    compute_activations,
    logit_weights,
)


@dataclass(frozen=True)
class ValidationPhotos:
    """What a network that is not calibrated computes for photos that it was not fitted to.

    Attributes:
        activations: of the data set's photos, then of own ones.
        logits: float64 `[photos, classes]`, in the same order.
        classes: int64 `[photos]`, the correct ones.
        own: how many are own photos.
        weights: float64 `[photos]`, how much each counts.
    """

    activations: Activations
    logits: np.ndarray
    classes: np.ndarray
    own: int
    weights: np.ndarray

    def of_the_data_set(self, probabilities: np.ndarray) -> Activations:
        """Return the activations of the data set's photos, with other probabilities.

        Args:
            probabilities: of all photos, float `[photos, classes]`.
        """
        count = len(self.classes) - self.own
        found = self.activations
        calibrated = probabilities[:count].astype(np.float32)
        return replace(
            found, layers=found.layers[:count], last=found.last[:count], probabilities=calibrated
        )


def validation_photos(
    network: keras.Model, model: keras.Model, recipe: Recipe, data: DataSet
) -> ValidationPhotos | None:
    """Compute what a calibration is fitted to; None without validation photos of the data set.

    Args:
        network: to serve, not calibrated.
        model: its `activation_model`, from photos, or from the features that splits have.
        recipe: with the overrides of the run.
        data: what the network was trained on.
    """
    if not len(data.validation):
        return None
    splits = [data.validation]
    if data.own and len(data.own.validation):
        splits.append(data.own.validation)
    found = [activations_of(network, model, split, data) for split in splits]
    both = Activations(
        *(
            np.concatenate([getattr(each, name) for each in found])
            for name in ("layers", "last", "probabilities")
        )
    )
    kernel, bias = logit_weights(network)
    own = sum(map(len, splits[1:]))
    weights = np.ones(len(data.validation) + own)
    if own:
        share = recipe.own.share
        wanted = share / (1 - share) * len(data.validation)
        weights[-own:] = min(recipe.own.most, wanted / own)
    classes = np.concatenate([split.classes for split in splits])
    return ValidationPhotos(both, np.asarray(both.last @ kernel + bias), classes, own, weights)


def activations_of(
    network: keras.Model, model: keras.Model, split: Split, data: DataSet
) -> Activations:
    """Compute the activations of a split that may be without the features of the data set's.

    Args:
        network: to serve.
        model: its `activation_model`, from photos, or from features where the data set has them.
        split: of the data set, or of own photos.
        data: the data set.
    """
    if data.training.features and not split.features:
        return compute_activations(activation_model(network), split.photos)
    return compute_activations(model, split.inputs)
