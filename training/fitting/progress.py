"""The progress of a run: a bar in a terminal, and one line for each epoch everywhere."""

import time

import keras
from rich.console import Console

from training.progress_bars import bar


class FitProgress(keras.callbacks.Callback):  # type: ignore[misc]  # Keras has no types.
    """Shows the steps of an epoch as a bar, and its figures as a line when it ends."""

    def __init__(self, console: Console, epochs: int) -> None:
        """Show epochs of a run of `epochs`: Keras counts only up to those of one `fit`."""
        super().__init__()
        self._console = console
        self._epochs = epochs
        self._progress = bar(console)

    def on_train_begin(self, logs: object = None) -> None:
        """Show the bar."""
        self._steps = self._progress.add_task("", total=self.params["steps"])
        self._progress.start()

    def on_epoch_begin(self, epoch: int, logs: object = None) -> None:
        """Reset the bar."""
        self._began = time.monotonic()
        self._name = f"epoch {epoch + 1}/{self._epochs}"
        self._progress.reset(self._steps, description=self._name)

    def on_train_batch_end(self, batch: int, logs: object = None) -> None:
        """Advance the bar."""
        self._progress.update(self._steps, completed=batch + 1)

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Print the figures of the epoch."""
        figures = logs or {}
        line = f"{self._name}  loss {figures['loss']:.4f}  accuracy {figures['accuracy']:.2%}"
        if "val_accuracy" in figures:
            line += f"  validation {figures['val_accuracy']:.2%}"
        self._console.print(f"{line}  {time.monotonic() - self._began:.0f} s", highlight=False)

    def on_train_end(self, logs: object = None) -> None:
        """Close the bar."""
        self.close()

    def close(self) -> None:
        """Close the bar; may be called again, for example after an interruption."""
        self._progress.stop()
