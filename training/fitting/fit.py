"""Fitting: a recipe's network to a data set's training split, with Keras `fit`.

The weights of the last epoch are the result. The validation split is only watched, so that its
accuracy stays an honest figure; with a learning rate that falls to 0 the last epoch is the best
one or as good.
"""

import math
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext

import keras

from training.backends import current
from training.data.batches import EpochStarter, PlainBatches, TrainingBatches
from training.data.datasets import DataSet
from training.errors import Diverged, UsageError
from training.fitting.checkpointing import Checkpointer
from training.fitting.checkpoints import Position
from training.fitting.head_warmup import fit_head_warmup
from training.networks.building import network_to_fit, network_to_serve
from training.recipe import Recipe

WATCHING_BATCH = 256

_JIT: dict[str, str | bool] = {"auto": "auto", "on": True, "off": False}


def fit(
    recipe: Recipe,
    data: DataSet,
    callbacks: Sequence[keras.callbacks.Callback] = (),
    checkpointer: Checkpointer | None = None,
    scope: AbstractContextManager[object] | None = None,
) -> keras.Model:
    """Train a recipe, or go on where it was left.

    Args:
        recipe: what to train, with which numbers; its seed decides the first weights, dropout,
            order and augmentation.
        data: the photos.
        callbacks: Keras's, for progress.
        checkpointer: keeps states, and knows the last one; None: nothing is kept.
        scope: in which all variables are made, such as one that spreads the work over devices.

    Returns:
        The network to serve, in float32, with the weights of the last epoch.

    Raises:
        Diverged: the loss became infinite or not a number.
        TrainingError: a checkpoint can't be written or read.
        KeyboardInterrupt: asked to stop; the state is kept.
        Preempted: likewise.
    """
    keras.utils.set_random_seed(recipe.seed)
    classes = len(data.labels)

    def batches(first_step: int) -> TrainingBatches:
        return TrainingBatches(data.training, data.labels, recipe, first_step)

    with scope or nullcontext():
        network = network_to_fit(recipe, classes, data.backbone)
        network.compile(
            optimizer=_optimizer(recipe, steps=len(batches(0))),
            loss=keras.losses.CategoricalCrossentropy(label_smoothing=recipe.label_smoothing),
            # By name it is made while the first step is traced, which then is traced twice.
            metrics=[keras.metrics.CategoricalAccuracy(name="accuracy")],
            jit_compile=_JIT[recipe.jit],
            steps_per_execution=recipe.steps_per_call,
        )
        if not (checkpointer and checkpointer.begun):
            fit_head_warmup(recipe, network, data, checkpointer.stop if checkpointer else None)
        shared_by = current().replicas()
        _check_shares(min(recipe.batch_size, len(data.training)), shared_by)
        watched = PlainBatches(data.validation, classes, WATCHING_BATCH, shared_by)
        validation = watched if len(watched) else None
        fit_network(network, batches, validation, recipe.epochs, callbacks, checkpointer)
    return network_to_serve(recipe, network, data.backbone)


def fit_network(
    network: keras.Model,
    batches: Callable[[int], TrainingBatches],
    watched: keras.utils.PyDataset | None,
    epochs: int,
    callbacks: Sequence[keras.callbacks.Callback] = (),
    checkpointer: Checkpointer | None = None,
) -> None:
    """Fit a compiled network, from the last state kept on.

    Args:
        network: with fresh weights.
        batches: gives those of an epoch without its first steps.
        watched: for validation.
        epochs: passes over all batches, those of earlier processes included.
        callbacks: Keras's, for progress.
        checkpointer: keeps states, and knows the last one.

    Raises:
        As `fit`.
    """
    if not network.optimizer.built:  # Made while the first step is traced, it is traced twice.
        network.optimizer.build(network.trainable_variables)
    position = checkpointer.resume(network) if checkpointer else Position()
    if position.epoch >= epochs:  # Only what Keras does after its last epoch is missing.
        network.optimizer.finalize_variable_values(network.trainable_variables)
    while position.epoch < epochs:
        # An epoch that was begun is finished by a fit of its own: Keras's epochs are all as long.
        end = position.epoch + 1 if position.step else epochs
        left = batches(position.step)
        around = [FiniteLoss(), *callbacks]
        if checkpointer:
            around = [checkpointer.correction, *around, checkpointer]
        around.insert(0, EpochStarter(left))
        if len(left):
            network.fit(
                current().to_dataset(left),
                initial_epoch=position.epoch,
                epochs=end,
                validation_data=watched,
                callbacks=around,
                shuffle=False,  # They are shuffled by epoch; Keras would shuffle them once more.
                verbose=0,
            )
        else:
            _only_validate(network, watched, position.epoch, around)
        position = Position(end)
        if checkpointer and end < epochs:
            checkpointer.resume(network)  # As it was before Keras did what it does at the end.


def _only_validate(
    network: keras.Model,
    watched: keras.utils.PyDataset | None,
    epoch: int,
    callbacks: Sequence[keras.callbacks.Callback],
) -> None:
    """End an epoch of which all steps were done."""
    told = keras.callbacks.CallbackList(list(callbacks), model=network, epochs=epoch + 1, steps=0)
    told.on_train_begin()
    told.on_epoch_begin(epoch)
    logs: dict[str, float] = {}
    if watched is not None:
        found = network.evaluate(watched, callbacks=told, return_dict=True, verbose=0)
        logs = {f"val_{name}": value for name, value in found.items()}
    told.on_epoch_end(epoch, logs)
    told.on_train_end(logs)


def _check_shares(batch_size: int, shared_by: int) -> None:
    if batch_size % shared_by:
        raise UsageError(
            f"{shared_by} devices share each batch: --set batch_size to a multiple of {shared_by},"
            f" not {batch_size}"
        )


class FiniteLoss(keras.callbacks.Callback):  # type: ignore[misc]  # Keras has no types.
    """Stops a run whose loss is no number any more: its weights are lost."""

    def on_epoch_begin(self, epoch: int, logs: object = None) -> None:
        """Remember the epoch, for the message."""
        self._epoch = epoch + 1

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        """Look at the loss, a mean over the epoch so far."""
        loss = (logs or {}).get("loss", 0.0)
        if not math.isfinite(loss):
            raise Diverged(f"the loss became {loss}", self._epoch)


def _optimizer(recipe: Recipe, steps: int) -> keras.optimizers.Optimizer:
    """Return the recipe's optimizer, its schedule spread over all steps of the run."""
    rate = _learning_rate(recipe, steps)
    decay = recipe.weight_decay or None
    averaging = {"use_ema": True, "ema_momentum": recipe.averaging} if recipe.averaging else {}
    if recipe.optimizer == "adam":
        return keras.optimizers.Adam(rate, **averaging)
    if recipe.optimizer == "sgd":
        momentum = {"momentum": recipe.momentum, "nesterov": recipe.momentum > 0}
        optimizer = keras.optimizers.SGD(rate, weight_decay=decay, **momentum, **averaging)
    else:
        optimizer = keras.optimizers.AdamW(rate, weight_decay=recipe.weight_decay, **averaging)
    if decay:
        optimizer.exclude_from_weight_decay(var_names=["gamma", "beta", "bias"])
    return optimizer


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
