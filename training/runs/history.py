"""What each epoch of a run gave, in `history.json` of the run's folder.

A list of one object for each epoch, in order: `epoch` (from 1), `loss` (mean cross-entropy in
nats, as fitted) and `accuracy` on the training photos, `val_loss` and `val_accuracy` where there is
a validation split, `seconds` (wall clock, validation included), `images_per_second` (while
fitting, validation excluded). Figures of training photos are means over the epoch's steps.
"""

import math
import time
from pathlib import Path

import keras

from training.runs.files import HISTORY, read_history, write_json

_MEASURED = ("loss", "accuracy", "val_loss", "val_accuracy")


class HistoryWriter(keras.callbacks.Callback):  # type: ignore[misc]  # Keras has no types.
    """Adds each epoch to the history as it ends.

    What a folder already holds of earlier epochs stays: a run that is continued with Keras's
    `initial_epoch` continues its history, and an epoch that is fitted again replaces its entry.
    """

    def __init__(self, folder: Path, batch_size: int) -> None:
        """Write into a run's folder.

        Args:
            folder: exists.
            batch_size: photos in each step.
        """
        super().__init__()
        self._path = folder / HISTORY
        self._folder = folder
        self._batch_size = batch_size

    def on_epoch_begin(self, epoch: int, logs: object = None) -> None:
        """Start the clock."""
        self._began = self._last_step = time.monotonic()
        self._first = self._steps = 0

    def on_train_batch_begin(self, batch: int, logs: object = None) -> None:
        """Note where a continued epoch goes on."""
        if not self._steps:
            self._first = batch

    def on_train_batch_end(self, batch: int, logs: object = None) -> None:
        """Count the steps; one call may stand for several of them."""
        self._steps = batch + 1 - self._first
        self._last_step = time.monotonic()

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Write the epoch's figures."""
        figures = {name: float(value) for name, value in (logs or {}).items() if name in _MEASURED}
        fitting = self._last_step - self._began
        entry = {
            "epoch": epoch + 1,
            **{name: value if math.isfinite(value) else None for name, value in figures.items()},
            "seconds": round(time.monotonic() - self._began, 3),
            "images_per_second": round(self._steps * self._batch_size / fitting, 1)
            if fitting
            else None,
        }
        earlier = [past for past in read_history(self._folder) if past["epoch"] <= epoch]
        write_json(self._path, [*earlier, entry])
