"""Fitting a recipe's network to the training split of a data set, with Keras's `fit`.

The result is the network after the last epoch. The validation split is only monitored, so that its
accuracy stays an unbiased estimate; with a learning rate that decays to 0 the last epoch is usually
as good as any. With early stopping the result is that of the epoch with the lowest validation loss.
"""

import math
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext

import keras

from training.backends import current
from training.data.batches import PlainBatches, TrainingBatches
from training.data.class_balance import class_weights
from training.data.datasets import DataSet
from training.errors import Diverged, UsageError
from training.fitting.averaged_weights import AveragedWeights
from training.fitting.checkpointer import Checkpointer
from training.fitting.checkpoints import Position
from training.fitting.early_stopping import EarlyStopping
from training.fitting.head_warmup import fit_head_warmup
from training.fitting.optimizers import optimizer_of
from training.networks.building import network_to_fit, network_to_serve
from training.recipe import Recipe

_VALIDATION_BATCH = 256


def fit(
    recipe: Recipe,
    data: DataSet,
    callbacks: Sequence[keras.callbacks.Callback] = (),
    checkpointer: Checkpointer | None = None,
    scope: AbstractContextManager[object] | None = None,
) -> keras.Model:
    """Fit the network of a recipe, resuming from the last checkpoint if there is one.

    Args:
        recipe: its seed determines the initial weights, dropout, the order and the augmentation.
        data: the photos.
        callbacks: Keras callbacks, such as for progress.
        checkpointer: writes checkpoints; None: there are none.
        scope: in which all variables are created, such as one that uses several devices.

    Returns:
        The network to serve, in float32, with the weights of the last epoch, or of the best one.

    Raises:
        TrainingError: the loss became NaN or infinite (`Diverged`), or a checkpoint can't be used.
        KeyboardInterrupt, Preempted: asked to stop; a checkpoint has been written.
    """
    keras.utils.set_random_seed(recipe.seed)
    classes = len(data.labels)

    def batches(first_step: int) -> TrainingBatches:
        return TrainingBatches(data.training, data.labels, recipe, first_step)

    with scope or nullcontext():
        network = network_to_fit(recipe, classes, data.backbone)
        network.compile(
            optimizer=optimizer_of(recipe, steps=len(batches(0))),
            loss=keras.losses.CategoricalCrossentropy(label_smoothing=recipe.label_smoothing),
            # As an object: given by name, it is created during tracing, which then runs twice.
            metrics=[keras.metrics.CategoricalAccuracy(name="accuracy")],
            jit_compile={"auto": "auto", "on": True, "off": False}[recipe.jit],
            steps_per_execution=recipe.steps_per_call,
        )
        if not (checkpointer and checkpointer.begun):
            fit_head_warmup(recipe, network, data, checkpointer.stop if checkpointer else None)
        replicas = current().replicas()
        batch_size = min(recipe.batch_size, len(data.training))
        if batch_size % replicas:
            raise UsageError(
                f"{replicas} devices share each batch: --set batch_size to a multiple of"
                f" {replicas}, not {batch_size}"
            )
        plain = PlainBatches(data.validation, classes, _VALIDATION_BATCH, replicas)
        validation = plain if len(plain) else None
        _fit_network(recipe, network, data, batches, validation, callbacks, checkpointer)
    return network_to_serve(recipe, network, data.backbone)


def _fit_network(
    recipe: Recipe,
    network: keras.Model,
    data: DataSet,
    batches: Callable[[int], TrainingBatches],
    validation: keras.utils.PyDataset | None,
    callbacks: Sequence[keras.callbacks.Callback],
    checkpointer: Checkpointer | None,
) -> None:
    """Fit a compiled network; `batches` returns those of an epoch from a step on."""
    if not network.optimizer.built:  # Otherwise it is built during tracing, which then runs twice.
        network.optimizer.build(network.trainable_variables)
    early_stopping, averaged_weights = EarlyStopping(recipe.early_stopping), AveragedWeights()
    always = [_FiniteLoss(), *callbacks, early_stopping]
    if recipe.averaging:
        always.append(averaged_weights)
    if checkpointer:
        checkpointer.early_stopping = early_stopping
        checkpointer.averaged_weights = averaged_weights
        always = [checkpointer.correction, *always, checkpointer]
    position = checkpointer.resume(network) if checkpointer else Position()
    if position.epoch >= recipe.epochs:  # Only what Keras does after the last epoch is missing.
        network.optimizer.finalize_variable_values(network.trainable_variables)
    while position.epoch < recipe.epochs and not early_stopping.is_due(position.epoch):
        # A partial epoch needs its own `fit`: in Keras, all epochs have the same length.
        end = position.epoch + 1 if position.step else recipe.epochs
        remaining = batches(position.step)
        hooks = [remaining.epoch_starter(), *always]
        if len(remaining):
            network.fit(
                current().to_dataset(remaining),
                initial_epoch=position.epoch,
                epochs=end,
                validation_data=validation,
                callbacks=hooks,
                class_weight=class_weights(recipe, data),
                shuffle=False,  # The batches are shuffled already.
                verbose=0,
            )
        else:
            _only_validate(network, validation, position.epoch, hooks)
            if end == recipe.epochs:
                network.optimizer.finalize_variable_values(network.trainable_variables)
        position = Position(end)
        if checkpointer and end < recipe.epochs:
            checkpointer.resume(network)  # Undoes what Keras does at the end of `fit`.
    early_stopping.restore(network)


def _only_validate(
    network: keras.Model,
    validation: keras.utils.PyDataset | None,
    epoch: int,
    callbacks: Sequence[keras.callbacks.Callback],
) -> None:
    """End an epoch whose steps are all done."""
    hooks = keras.callbacks.CallbackList(list(callbacks), model=network, epochs=epoch + 1, steps=0)
    hooks.on_train_begin()
    hooks.on_epoch_begin(epoch)
    logs: dict[str, float] = {}
    if validation is not None:
        found = network.evaluate(validation, callbacks=hooks, return_dict=True, verbose=0)
        logs = {f"val_{name}": value for name, value in found.items()}
    hooks.on_epoch_end(epoch, logs)
    hooks.on_train_end(logs)


class _FiniteLoss(keras.callbacks.Callback):  # type: ignore[misc]  # Keras has no types.
    """Stops a run whose loss becomes NaN or infinite: its weights are lost."""

    def on_epoch_begin(self, epoch: int, logs: object = None) -> None:
        self._epoch = epoch + 1

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        loss = (logs or {}).get("loss", 0.0)  # A mean over the epoch so far.
        if not math.isfinite(loss):
            raise Diverged(f"the loss became {loss}", self._epoch)
