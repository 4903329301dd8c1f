"""Measures the speed of fitting with Keras, as runs fit: same network, batches and callbacks."""

import gc
import time
from collections.abc import Callable
from dataclasses import replace

import keras
import numpy as np

from training.backends import current
from training.data.batches import TrainingBatches
from training.data.datasets import DataSet
from training.errors import TrainingError
from training.experiments.speed.timings import Combination, Timing
from training.fitting.fit import compiled_network
from training.fitting.interruption import Stop
from training.recipe import Recipe

WARM_UP_CALLS = 3
_LEAST_CALLS = 5  # Of a measurement, however long they take.
_READ_AT_ONCE = 256


class NotMeasurable(TrainingError):
    """A combination can't be measured; others can."""


class Speedometer:
    """Fits one network with several batch sizes, each time from the same weights.

    It must be made and used within the scope of the devices (`Backend.spread`).
    """

    def __init__(self, recipe: Recipe, data: DataSet, stop: Stop) -> None:
        """Build the recipe's network.

        Args:
            recipe: what is measured; its batch size is not used.
            data: with the features of the backbone, if there is a frozen one.
            stop: checked after each step.
        """
        keras.utils.set_random_seed(recipe.seed)
        self._recipe, self._data, self._stop = recipe, data, stop
        steps = max(1, len(data.training) // recipe.batch_size)
        self._network = compiled_network(recipe, len(data.labels), steps, data.backbone)
        # Otherwise it is built during tracing, which then runs twice.
        self._network.optimizer.build(self._network.trainable_variables)
        self._weights = self._network.get_weights()

    def read_photos(self) -> None:
        """Read all training photos once: the first epoch of a run may wait for the disk."""
        inputs = self._data.training.inputs
        for first in range(0, len(inputs), _READ_AT_ONCE):
            np.array(inputs[first : first + _READ_AT_ONCE])
            self._stop.check()

    def warm_up(self, combination: Combination) -> None:
        """Run a few steps: the first one traces and compiles the network for this batch size.

        Raises:
            NotMeasurable: the devices can't share the batches, or are out of memory.
        """
        self._fit(combination, 0, _Clock(self._stop, 0.0, WARM_UP_CALLS))

    def measure(self, combination: Combination, repetition: int, seconds: float) -> Timing:
        """Measure an epoch; of one that takes longer than `seconds`, only so many steps.

        The start of the epoch counts once; the time of the steps is scaled to all of its steps.

        Raises:
            NotMeasurable: as `warm_up`.
        """
        clock = _Clock(self._stop, seconds, _LEAST_CALLS)
        steps = self._fit(combination, repetition, clock)
        taken = clock.seconds_of(steps)
        speed = steps * combination.batch_size / taken
        measured = min(clock.steps, steps)
        return Timing(*combination, repetition, taken, speed, measured, steps)

    def _fit(self, combination: Combination, epoch: int, clock: "_Clock") -> int:
        """Fit for an epoch or until the clock ends it, and return the steps of the epoch."""
        batch_size, loading = combination
        devices = current().replicas()
        if batch_size % devices:
            raise NotMeasurable(f"{devices} devices can't share a batch of {batch_size} equally")
        recipe, parallel = replace(self._recipe, batch_size=batch_size), loading == "parallel"
        try:
            batches = TrainingBatches(self._data, recipe, parallel=parallel)
            self._network.set_weights(self._weights)
            self._fit_epoch(batches, epoch, clock)
        except Exception as error:
            if isinstance(error, MemoryError) or current().is_out_of_memory(error):
                raise NotMeasurable("out of memory") from None
            raise
        gc.collect()  # Ends TensorFlow's thread that fetches batches.
        batches.cancel()
        return len(batches)

    def _fit_epoch(self, batches: TrainingBatches, epoch: int, clock: "_Clock") -> None:
        dataset = current().to_dataset(batches, parallel=batches.parallel)
        batches.cancel()  # Those of epoch 0, of which `to_dataset` takes one.
        self._network.fit(
            dataset,
            initial_epoch=epoch,
            epochs=epoch + 1,
            callbacks=[clock, batches.epoch_starter()],
            shuffle=False,
            verbose=0,
        )


class _Clock(keras.callbacks.Callback):  # type: ignore[misc]  # Keras has no types.
    """Notes when steps end, and ends a long epoch.

    As every callback that reads figures of a step does, it waits for the devices after each one.
    """

    def __init__(
        self, stop: Stop, seconds: float, calls: int, now: Callable[[], float] = time.perf_counter
    ) -> None:
        super().__init__()
        self._stop, self._seconds, self._calls, self._now = stop, seconds, calls, now
        self._ends: list[tuple[int, float]] = []  # Steps done, and when.

    @property
    def steps(self) -> int:
        """The number of steps that have ended."""
        return self._ends[-1][0]

    def on_epoch_begin(self, epoch: int, logs: object = None) -> None:
        """Note when the epoch begins."""
        self._began = self._now()

    def on_train_batch_end(self, batch: int, logs: object = None) -> None:
        """Note when a step has ended."""
        self._ends.append((batch + 1, self._now()))
        self._stop.check()
        if len(self._ends) >= self._calls and self._now() - self._began >= self._seconds:
            self.model.stop_training = True

    def seconds_of(self, steps: int) -> float:
        """Return the seconds of an epoch of so many steps."""
        (first, start), (last, end) = self._ends[0], self._ends[-1]
        if first == last:  # All steps in one call.
            return (end - self._began) * steps / min(last, steps)
        return start - self._began + (end - start) * (steps - first) / (min(last, steps) - first)
