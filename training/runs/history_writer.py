"""The Keras callback that writes the history of a run (`training.runs.history`)."""

import math
import time
from pathlib import Path

import keras

from training.files import write_json
from training.runs.history import HISTORY, read_history

_MEASURED = ("loss", "accuracy", "val_loss", "val_accuracy")


class HistoryWriter(keras.callbacks.Callback):  # type: ignore[misc]  # Keras has no types.
    """Adds each epoch to the history as it ends.

    Earlier epochs are kept: a run that is resumed with Keras's `initial_epoch` continues its
    history, and an epoch that is fitted again replaces its entry.
    """

    def __init__(self, folder: Path, batch_size: int) -> None:
        super().__init__()
        self._folder = folder
        self._batch_size = batch_size

    def on_epoch_begin(self, epoch: int, logs: object = None) -> None:
        """Start the clock."""
        self._began = self._last_step = time.monotonic()
        self._first = self._steps = 0

    def on_train_batch_begin(self, batch: int, logs: object = None) -> None:
        """Note the first step of this process: a resumed epoch does not start at 0."""
        if not self._steps:
            self._first = batch

    def on_train_batch_end(self, batch: int, logs: object = None) -> None:
        """Count the steps; one call may cover several of them."""
        self._steps = batch + 1 - self._first
        self._last_step = time.monotonic()

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Write the figures of the epoch."""
        figures = {name: float(value) for name, value in (logs or {}).items() if name in _MEASURED}
        fitting = self._last_step - self._began
        speed = round(self._steps * self._batch_size / fitting, 1) if fitting else None
        entry = {
            "epoch": epoch + 1,
            **{name: value if math.isfinite(value) else None for name, value in figures.items()},
            "seconds": round(time.monotonic() - self._began, 3),
            "images_per_second": speed,
        }
        earlier = [past for past in read_history(self._folder) if past["epoch"] <= epoch]
        write_json(self._folder / HISTORY, [*earlier, entry])
