"""Fitting a new head before the layers below it, so that its first errors don't spoil them.

The layers below process each photo of an epoch once; the head is fitted to their output.
"""

import keras
import numpy as np

from training.data.class_balance import class_weights
from training.data.datasets import DataSet
from training.data.epoch_photos import photos_of_epoch, targets
from training.fitting.interruption import Stop
from training.networks.backbone import jit, tail_and_below, without_xla
from training.networks.prediction import predict_batch
from training.recipe import Recipe

_BATCH = 128


def fit_head_warmup(
    recipe: Recipe, network: keras.Model, data: DataSet, stop: Stop | None = None
) -> None:
    """Fit the head of a network that is fine-tuned; other networks are left unchanged.

    Args:
        recipe: has the number of epochs, the learning rate and the seed.
        network: from `training.networks.network_to_fit`.
        data: with the features of its backbone.
        stop: checked after each batch.
    """
    if recipe.fine_tuning is None or not recipe.fine_tuning.head_epochs:
        return
    stop = stop or Stop()
    tail, below = tail_and_below(network)
    without_xla(below)
    photos, vectors = photos_of_epoch(data, recipe, 0), []
    for first in range(0, len(photos), _BATCH):
        part = np.asarray(photos.inputs[first : first + _BATCH], np.float32)
        vectors.append(predict_batch(below, part, _BATCH))
        stop.check()
    weights = class_weights(recipe, data)
    tail.compile(
        keras.optimizers.Adam(recipe.fine_tuning.head_learning_rate),
        keras.losses.CategoricalCrossentropy(),
        jit_compile=jit(),
    )
    tail.fit(
        np.concatenate(vectors),
        targets(len(data.labels))[photos.classes],
        batch_size=_BATCH,
        epochs=recipe.fine_tuning.head_epochs,
        sample_weight=None if weights is None else weights[photos.classes],
        callbacks=[
            keras.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: stop.check())
        ],
        verbose=0,
    )
