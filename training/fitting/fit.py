"""Fitting a recipe's network to the training split of a data set, with Keras's `fit`.

The result is the network after the last epoch. The validation split is only monitored, so that its
accuracy stays an unbiased estimate; with a learning rate that decays to 0 the last epoch is usually
as good as any. With early stopping the result is that of the epoch with the lowest validation loss.
"""

import math
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext

import keras

from training.backends import current
from training.data.batches import PlainBatches, TrainingBatches
from training.data.datasets import DataSet
from training.errors import Diverged, UsageError
from training.fitting.accuracy import Accuracy
from training.fitting.averaged_weights import AveragedWeights
from training.fitting.checkpointer import Checkpointer
from training.fitting.checkpoints import CheckpointFolder, Position
from training.fitting.early_stopping import EarlyStopping
from training.fitting.head_warmup import fit_head_warmup
from training.fitting.interruption import Stop
from training.fitting.optimizers import optimizer_of
from training.networks.backbone import Backbone
from training.networks.building import network_to_fit, network_to_serve
from training.networks.starting_weights import Weights, set_weights
from training.recipe import Recipe

_VALIDATION_BATCH = 256


def fit(
    recipe: Recipe,
    data: DataSet,
    callbacks: Sequence[keras.callbacks.Callback] = (),
    checkpointer: Checkpointer | None = None,
    scope: AbstractContextManager[object] | None = None,
    weights: Weights | None = None,
) -> keras.Model:
    """Fit the network of a recipe, resuming from the last checkpoint if there is one.

    Args:
        recipe: its seed determines the initial weights, dropout, the order and the augmentation.
        data: the photos.
        callbacks: Keras callbacks, such as for progress.
        checkpointer: writes checkpoints; None: there are none.
        scope: in which all variables are created, such as one that uses several devices.
        weights: of another network, to begin with; None: random ones, or those of the backbone.

    Returns:
        The network to serve, in float32, with the weights of the last epoch, or of the best one.

    Raises:
        TrainingError: the loss became NaN or infinite (`Diverged`), or a checkpoint can't be used.
        KeyboardInterrupt, Preempted: asked to stop; a checkpoint has been written.
    """
    keras.utils.set_random_seed(recipe.seed)
    with scope or nullcontext():
        first = _batches(recipe, data)
        network = compiled_network(recipe, len(data.labels), len(first), data.backbone)
        if checkpointer and checkpointer.begun:
            pass
        elif weights is not None:
            set_weights(network, weights, first)
        else:
            fit_head_warmup(recipe, network, data, checkpointer.stop if checkpointer else None)
        _fit_network(recipe, network, data, callbacks, checkpointer)
        served = network_to_serve(recipe, network, data.backbone)
        if weights is not None and recipe.kept_start:
            set_weights(network, weights, first)
            start = network_to_serve(recipe, network, data.backbone)
            _keep(recipe.kept_start, start, served)
    return served


def _keep(share: float, start: keras.Model, served: keras.Model) -> None:
    """Move the weights of a network towards those of its start."""
    pairs = zip(start.get_weights(), served.get_weights(), strict=True)
    # Frozen weights stay as they are, bit by bit.
    served.set_weights([after + share * (before - after) for before, after in pairs])


def compiled_network(
    recipe: Recipe, classes: int, steps: int, backbone: Backbone | None = None
) -> keras.Model:
    """Build the network that is fitted, with its optimizer, for epochs of so many steps."""
    network = network_to_fit(recipe, classes, backbone)
    network.compile(
        optimizer=optimizer_of(recipe, steps),
        loss=keras.losses.CategoricalCrossentropy(label_smoothing=recipe.label_smoothing),
        # As an object: given by name, it is created during tracing, which then runs twice.
        metrics=[Accuracy()],
        jit_compile={"auto": "auto", "on": True, "off": False}[recipe.jit],
        steps_per_execution=recipe.steps_per_call,
    )
    return network


def fitted_network(recipe: Recipe, classes: int, checkpoints: CheckpointFolder) -> keras.Model:
    """Return the result of a fit that has ended, in the form that is fitted, from its checkpoint.

    Raises:
        TrainingError: there is no checkpoint that can be read and is of this network.
    """
    network = compiled_network(recipe, classes, steps=1)
    checkpointer = Checkpointer(checkpoints, 0, Stop())
    checkpointer.resume(network)
    network.optimizer.finalize_variable_values(network.trainable_variables)
    checkpointer.early_stopping.restore(network)
    return network


def _batches(recipe: Recipe, data: DataSet, first_step: int = 0) -> TrainingBatches:
    return TrainingBatches(data, recipe, first_step)


def _validation(recipe: Recipe, data: DataSet) -> PlainBatches | None:
    """Return the batches to validate with, if any, for all devices that share a batch."""
    replicas = current().replicas()
    batch_size = min(recipe.batch_size, len(data.training))
    if batch_size % replicas:
        raise UsageError(
            f"{replicas} devices share each batch: --set batch_size to a multiple of"
            f" {replicas}, not {batch_size}"
        )
    batches = PlainBatches(data.validation, len(data.labels), _VALIDATION_BATCH, replicas)
    return batches if len(batches) else None


def _fit_network(
    recipe: Recipe,
    network: keras.Model,
    data: DataSet,
    callbacks: Sequence[keras.callbacks.Callback],
    checkpointer: Checkpointer | None,
) -> None:
    """Fit a compiled network from the last checkpoint on."""
    if not network.optimizer.built:  # Otherwise it is built during tracing, which then runs twice.
        network.optimizer.build(network.trainable_variables)
    validation = _validation(recipe, data)
    early_stopping, always = _callbacks(recipe, callbacks, checkpointer)
    position = checkpointer.resume(network) if checkpointer else Position()
    if position.epoch >= recipe.epochs:  # Only what Keras does after the last epoch is missing.
        network.optimizer.finalize_variable_values(network.trainable_variables)
    while position.epoch < recipe.epochs and not early_stopping.is_due(position.epoch):
        # A partial epoch needs its own `fit`: in Keras, all epochs have the same length.
        end = position.epoch + 1 if position.step else recipe.epochs
        remaining = _batches(recipe, data, position.step)
        hooks = [remaining.epoch_starter(), *always]
        if len(remaining):
            network.fit(
                current().to_dataset(remaining),
                initial_epoch=position.epoch,
                epochs=end,
                validation_data=validation,
                callbacks=hooks,
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


def _callbacks(
    recipe: Recipe,
    callbacks: Sequence[keras.callbacks.Callback],
    checkpointer: Checkpointer | None,
) -> tuple[EarlyStopping, list[keras.callbacks.Callback]]:
    """Return early stopping, and all callbacks in the order in which they depend on each other."""
    early_stopping, averaged_weights = EarlyStopping(recipe.early_stopping), AveragedWeights()
    always = [_FiniteLoss(), *callbacks, early_stopping]
    if recipe.averaging:
        always.append(averaged_weights)
    if checkpointer:
        checkpointer.early_stopping = early_stopping
        checkpointer.averaged_weights = averaged_weights
        always = [checkpointer.correction, *always, checkpointer]
    return early_stopping, always


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
