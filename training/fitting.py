"""Fitting: a recipe's network to a data set's training split, with Keras `fit`.

The weights of the last epoch are the result. The validation split is only watched, so that its
accuracy stays an honest figure; with a learning rate that falls to 0 the last epoch is the best
one or as good.
"""

import math
from collections.abc import Sequence

import keras

from training.batches import EpochStarter, PlainBatches, TrainingBatches
from training.datasets import DataSet
from training.errors import TrainingError
from training.networks import network_to_fit, network_to_serve
from training.recipe import Recipe

WATCHING_BATCH = 256


def fit(
    recipe: Recipe, data: DataSet, callbacks: Sequence[keras.callbacks.Callback] = ()
) -> keras.Model:
    """Train a recipe.

    Args:
        recipe: what to train, with which numbers; its seed decides the first weights, dropout,
            order and augmentation.
        data: the photos.
        callbacks: Keras's, for progress.

    Returns:
        The network to serve, in float32, with the weights of the last epoch.

    Raises:
        TrainingError: the loss became infinite or not a number.
    """
    keras.utils.set_random_seed(recipe.seed)
    classes = len(data.labels)
    network = network_to_fit(recipe, classes)
    batches = TrainingBatches(data.training, classes, recipe)
    network.compile(
        optimizer=_optimizer(recipe, steps=len(batches)),
        loss=keras.losses.CategoricalCrossentropy(label_smoothing=recipe.label_smoothing),
        metrics=["accuracy"],
    )
    watched = PlainBatches(data.validation, classes, WATCHING_BATCH)
    network.fit(
        batches,
        epochs=recipe.epochs,
        validation_data=watched if len(data.validation) else None,
        callbacks=[EpochStarter(batches), FiniteLoss(), *callbacks],
        verbose=0,
    )
    return network_to_serve(recipe, network)


class FiniteLoss(keras.callbacks.Callback):  # type: ignore[misc]  # Keras has no types.
    """Stops a run whose loss is no number any more: its weights are lost."""

    def on_epoch_begin(self, epoch: int, logs: object = None) -> None:
        """Remember the epoch, for the message."""
        self._epoch = epoch + 1

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        """Look at the loss, a mean over the epoch so far."""
        loss = (logs or {}).get("loss", 0.0)
        if not math.isfinite(loss):
            raise TrainingError(
                f"the loss became {loss} in epoch {self._epoch}: try a smaller --set learning_rate"
            )


def _optimizer(recipe: Recipe, steps: int) -> keras.optimizers.Optimizer:
    """Return the recipe's optimizer, its schedule spread over all steps of the run."""
    rate = _learning_rate(recipe, steps)
    decay = recipe.weight_decay or None
    if recipe.optimizer == "sgd":
        return keras.optimizers.SGD(rate, momentum=0.9, nesterov=True, weight_decay=decay)
    if recipe.optimizer == "adamw":
        optimizer = keras.optimizers.AdamW(rate, weight_decay=recipe.weight_decay)
        optimizer.exclude_from_weight_decay(var_names=["gamma", "beta", "bias"])
        return optimizer
    return keras.optimizers.Adam(rate)


def _learning_rate(
    recipe: Recipe, steps: int
) -> float | keras.optimizers.schedules.LearningRateSchedule:
    if recipe.schedule == "constant":
        return recipe.learning_rate
    rising = round(recipe.warmup_epochs * steps)
    return keras.optimizers.schedules.CosineDecay(
        initial_learning_rate=0.0 if rising else recipe.learning_rate,
        decay_steps=max(1, recipe.epochs * steps - rising),
        warmup_target=recipe.learning_rate if rising else None,
        warmup_steps=rising,
    )
