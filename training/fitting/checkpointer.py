"""The Keras callback that writes checkpoints: each epoch, every few minutes, and before a stop."""

import time
from pathlib import Path

import keras
import numpy as np

from training.errors import Diverged
from training.fitting.averaged_weights import AveragedWeights
from training.fitting.checkpoints import BestEpoch, CheckpointFolder, Position, State
from training.fitting.early_stopping import EarlyStopping
from training.fitting.interruption import Stop

_MEANS = ("loss", "accuracy")  # Means over the steps of an epoch.


class Checkpointer(keras.callbacks.Callback):  # type: ignore[misc]  # Keras has no types.
    """Writes checkpoints, also every few `minutes` within an epoch, and restores the last one.

    When asked to stop, it writes a checkpoint and stops the fit. It must be the last callback, so
    that the others have written their files once an epoch counts as done; `correction` must be the
    first.

    Attributes:
        early_stopping: whose best epoch is part of the checkpoints.
        averaged_weights: whose weights during validation are not.
    """

    def __init__(
        self, folder: CheckpointFolder, minutes: float, stop: Stop, shared: int = 0
    ) -> None:
        """Write into a folder; the state after `shared` epochs is kept for other runs."""
        super().__init__()
        self._shared = shared
        self._folder = folder
        self._minutes = minutes
        self.stop = stop
        self._resumed = State(Position(), [])
        self._position = Position()
        self._began = self._saved = time.monotonic()
        self.correction = _Correction(self)
        self.early_stopping = EarlyStopping(0)
        self.averaged_weights = AveragedWeights()

    @property
    def best(self) -> BestEpoch | None:
        """With early stopping, the epoch whose weights are the result so far."""
        return self.early_stopping.best

    @property
    def epochs(self) -> int:
        """The number of completed epochs."""
        return self._position.epoch

    @property
    def begun(self) -> bool:
        """Whether there is a checkpoint to resume from."""
        return self._folder.last() is not None

    def resume(self, network: keras.Model) -> Position:
        """Restore a compiled network from the last checkpoint, if any, and return its position.

        Raises:
            TrainingError: there are checkpoints, but none is intact or fits the network.
        """
        if not network.optimizer.built:
            network.optimizer.build(network.trainable_variables)
        variables = _variables(network)
        state = self._folder.read(variables)
        if state:
            for variable, value in zip(variables, state.variables, strict=True):
                variable.assign(value)
            self._resumed, self._position = state, state.position
            self.early_stopping.best = state.best
            self._began = time.monotonic()
        return self._resumed.position

    @property
    def seconds(self) -> float:
        """Time spent on fitting so far, in this process and in earlier ones."""
        return self._resumed.seconds + time.monotonic() - self._began

    def on_epoch_begin(self, epoch: int, logs: object = None) -> None:
        """Note the first step: a resumed epoch does not start at 0."""
        resumed = self._resumed.position
        self._epoch = epoch
        self._first = self._step = resumed.step if resumed.epoch == epoch else 0
        self._logs: dict[str, float] = {}

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        """Write a checkpoint when it is time to, or when asked to stop."""
        self._step = self._first + batch + 1
        self._logs = logs or {}
        if self.stop.asked or time.monotonic() - self._saved >= 60 * self._minutes:
            self._save(Position(self._epoch, self._step), self.epoch_means(self._logs))
        self.stop.check()

    def on_test_batch_end(self, batch: int, logs: object = None) -> None:
        """Write a checkpoint when asked to stop during validation."""
        if self.stop.asked:
            self.averaged_weights.undo()
            self._save(Position(self._epoch, self._step), self.epoch_means(self._logs))
        self.stop.check()

    def on_epoch_end(self, epoch: int, logs: object = None) -> None:
        """Write a checkpoint."""
        path = self._save(Position(epoch + 1), {})
        if epoch + 1 == self._shared:
            self._folder.share(path)
        self.stop.check()

    def epoch_means(self, logs: dict[str, float]) -> dict[str, float]:
        """Return means over all steps of an epoch; `logs` has those since it was resumed."""
        before, now = self._first, self._step - self._first
        figures = self._resumed.figures if before else {}
        return {
            name: (figures.get(name, 0.0) * before + float(logs.get(name, 0.0)) * now)
            / (before + now)
            for name in _MEANS
        }

    def _save(self, position: Position, figures: dict[str, float]) -> Path:
        values = [variable.numpy() for variable in _variables(self.model)]
        weights = values[: len(self.model.variables)]
        if not all(np.isfinite(value).all() for value in weights):
            raise Diverged("the weights became NaN or infinite", self._epoch + 1)
        path = self._folder.write(State(position, values, self.seconds, figures, self.best))
        self._position, self._saved = position, time.monotonic()
        return path


class _Correction(keras.callbacks.Callback):  # type: ignore[misc]  # Keras has no types.
    """Makes the figures of a resumed epoch those of all its steps, for all later callbacks."""

    def __init__(self, checkpointer: Checkpointer) -> None:
        super().__init__()
        self._checkpointer = checkpointer

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        if logs is not None:  # Keras passes the same object from callback to callback.
            logs.update(self._checkpointer.epoch_means(logs))


def _variables(network: keras.Model) -> list[keras.Variable]:
    """Return everything that changes while a network is fitted."""
    return [*network.variables, *network.optimizer.variables]
