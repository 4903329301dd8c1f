"""The photos that a calibration is fitted to: the data set's validation photos, and own ones.

As in the training, own photos have a fixed share of the whole (`OwnPhotos.share`), but none counts
more than `OwnPhotos.most` times as much as a photo of the data set.
"""

from dataclasses import dataclass

import keras
import numpy as np

from training.data.datasets import DataSet
from training.data.epoch_photos import own_times
from training.recipe import Recipe
from training.trust.activations import Activations, compute_activations, joined, logit_weights


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
    both = joined([compute_activations(model, split.inputs) for split in splits])
    kernel, bias = logit_weights(network)
    own = sum(map(len, splits[1:]))
    weights = np.ones(len(data.validation) + own)
    if own:
        weights[-own:] = own_times(recipe.own, len(data.validation), own)
    classes = np.concatenate([split.classes for split in splits])
    return ValidationPhotos(both, np.asarray(both.last @ kernel + bias), classes, own, weights)
