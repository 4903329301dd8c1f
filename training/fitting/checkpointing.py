"""Checkpoints while Keras fits: at each epoch, every few minutes, and when the run has to stop."""

import time

import keras
import numpy as np

from training.errors import Diverged
from training.fitting.checkpoints import CheckpointFolder, Position, State
from training.fitting.interruption import Stop

_MEANS = ("loss", "accuracy")  # Over the steps of an epoch.


class Checkpointer(keras.callbacks.Callback):  # type: ignore[misc]  # Keras has no types.
    """Keeps the state of a fit, and puts a network back into the last one kept.

    When the fit is asked to stop, it keeps the state and stops it. It has to be the last callback,
    so that what the others write of an epoch is there once the epoch counts as done; `correction`
    has to be the first.
    """

    def __init__(self, folder: CheckpointFolder, minutes: float, stop: Stop) -> None:
        """Keep states in a folder.

        Args:
            folder: of this fit.
            minutes: between two checkpoints within an epoch.
            stop: whether the fit has been asked to stop.
        """
        super().__init__()
        self._folder = folder
        self._minutes = minutes
        self.stop = stop
        self._resumed = State(Position(), [])
        self._began = self._saved = time.monotonic()
        self.correction = _Correction(self)

    @property
    def begun(self) -> bool:
        """Whether a state has been kept, to go on from."""
        return self._folder.last() is not None

    def resume(self, network: keras.Model) -> Position:
        """Put a compiled network into the last state kept, if there is one.

        Returns:
            Where to go on.

        Raises:
            TrainingError: there are checkpoints, and none is intact or fits.
        """
        if not network.optimizer.built:
            network.optimizer.build(network.trainable_variables)
        variables = _variables(network)
        state = self._folder.read(variables)
        if state:
            for variable, value in zip(variables, state.variables, strict=True):
                variable.assign(value)
            self._resumed = state
            self._began = time.monotonic()
        return self._resumed.position

    @property
    def seconds(self) -> float:
        """Spent on fitting so far, in this process and in those before it."""
        return self._resumed.seconds + time.monotonic() - self._began

    def on_epoch_begin(self, epoch: int, logs: object = None) -> None:
        """Know where the steps are counted from."""
        resumed = self._resumed
        continued = resumed.position.epoch == epoch
        self._epoch = epoch
        self._first = self._step = resumed.position.step if continued else 0

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        """Keep the state when it is time to, or when asked to stop."""
        self._step = self._first + batch + 1
        self._logs = logs or {}
        if self.stop.asked or time.monotonic() - self._saved >= 60 * self._minutes:
            self._save(Position(self._epoch, self._step), self.whole(self._logs))
        self.stop.check()

    def on_test_batch_end(self, batch: int, logs: object = None) -> None:
        """Keep the state when asked to stop while the validation photos are looked at."""
        if self.stop.asked:
            self._save(Position(self._epoch, self._step), self.whole(self._logs))
        self.stop.check()

    def on_epoch_end(self, epoch: int, logs: object = None) -> None:
        """Keep the state."""
        self._save(Position(epoch + 1), {})
        self.stop.check()

    def whole(self, logs: dict[str, float]) -> dict[str, float]:
        """Return means over all steps of an epoch, from those over the steps since it was resumed.

        Args:
            logs: Keras's figures.
        """
        before, now = self._first, self._step - self._first
        figures = self._resumed.figures if before else {}
        return {
            name: (figures.get(name, 0.0) * before + float(logs.get(name, 0.0)) * now)
            / (before + now)
            for name in _MEANS
        }

    def _save(self, position: Position, figures: dict[str, float]) -> None:
        network = self.model
        values = [variable.numpy() for variable in _variables(network)]
        weights = values[: len(network.variables)]
        if not all(np.isfinite(value).all() for value in weights):
            raise Diverged("the weights became infinite or not a number", self._epoch + 1)
        self._folder.write(State(position, values, self.seconds, figures))
        self._saved = time.monotonic()


class _Correction(keras.callbacks.Callback):  # type: ignore[misc]  # Keras has no types.
    """Makes the figures of a continued epoch those of all its steps, for all later callbacks."""

    def __init__(self, checkpointer: Checkpointer) -> None:
        super().__init__()
        self._checkpointer = checkpointer

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Change the figures that Keras hands from callback to callback."""
        if logs is not None:
            logs.update(self._checkpointer.whole(logs))


def _variables(network: keras.Model) -> list[keras.Variable]:
    """Return all that changes while a network is fitted."""
    return [*network.variables, *network.optimizer.variables]
