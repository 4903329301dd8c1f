"""Ctrl-C while Keras fits."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager

import keras


class _Stop(keras.callbacks.Callback):  # type: ignore[misc]  # Keras has no types.
    """Raises KeyboardInterrupt at the end of the batch in which it was asked to."""

    asked = False

    def on_train_batch_end(self, batch: int, logs: object = None) -> None:
        if self.asked:
            raise KeyboardInterrupt

    def on_test_batch_end(self, batch: int, logs: object = None) -> None:
        self.on_train_batch_end(batch)


@contextmanager
def interruptible() -> Iterator[keras.callbacks.Callback]:
    """Give a callback that lets Ctrl-C end `fit` between two batches.

    Python's own way can meet TensorFlow inside the generator of its batches; the error is lost
    there, and `fit` waits forever. A second Ctrl-C ends the process at once.

    Raises:
        KeyboardInterrupt: Ctrl-C was pressed.
    """
    stop = _Stop()

    def ask(number: int, frame: object) -> None:
        stop.asked = True
        signal.signal(signal.SIGINT, signal.SIG_DFL)

    before = signal.signal(signal.SIGINT, ask)
    try:
        yield stop
    finally:
        signal.signal(signal.SIGINT, before)
    if stop.asked:
        raise KeyboardInterrupt  # After the last batch.
