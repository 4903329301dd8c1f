"""TensorBoard's event files, written by its own writer, which does not need TensorFlow."""

import time
from pathlib import Path

import keras
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.summary.writer.event_file_writer import EventFileWriter


class EventWriter(keras.callbacks.Callback):  # type: ignore[misc]  # Keras has no types.
    """Writes the figures of each epoch, and its final learning rate, as scalars."""

    def __init__(self, folder: Path) -> None:
        """Write into a folder; a resumed run adds a file to it."""
        super().__init__()
        self._writer = EventFileWriter(str(folder))

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Write the scalars of an epoch; the first epoch is step 1."""
        figures = {**(logs or {}), "learning_rate": float(self.model.optimizer.learning_rate)}
        values = [
            Summary.Value(tag=name, simple_value=float(value)) for name, value in figures.items()
        ]
        summary = Summary(value=values)
        self._writer.add_event(Event(wall_time=time.time(), step=epoch + 1, summary=summary))
        self._writer.flush()

    def on_train_end(self, logs: object = None) -> None:
        """Flush the file."""
        self._writer.flush()
