"""Requests to stop: Ctrl-C, and SIGTERM from a cluster that needs the node for something else."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager

from training.errors import Preempted


class Stop:
    """Whether the process has been asked to stop.

    Attributes:
        asked: the signal that was received; None without one.
    """

    asked: signal.Signals | None = None

    def check(self) -> None:
        """Raise an exception if a signal was received.

        Raises:
            KeyboardInterrupt: Ctrl-C.
            Preempted: SIGTERM.
        """
        if self.asked is signal.SIGINT:
            raise KeyboardInterrupt
        if self.asked:
            raise Preempted


@contextmanager
def interruptible() -> Iterator[Stop]:
    """Make Ctrl-C and SIGTERM only requests: `fit` stops after a batch, once its state is saved.

    Python's default is to raise an exception at once, perhaps inside the generator of TensorFlow's
    batches: it is lost there, and `fit` waits forever. A second signal ends the process at once.

    Raises:
        KeyboardInterrupt: Ctrl-C was pressed.
        Preempted: SIGTERM was received.
    """
    stop = Stop()

    def ask(number: int, frame: object) -> None:
        stop.asked = signal.Signals(number)
        for each in before:
            signal.signal(each, signal.SIG_DFL)

    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    for number in before:
        signal.signal(number, ask)
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    stop.check()  # After the last batch.


@contextmanager
def terminable() -> Iterator[None]:
    """Make SIGTERM raise an exception, as Ctrl-C does: process 1 of a container ignores it.

    Raises:
        Preempted: SIGTERM was received.
    """

    def end(number: int, frame: object) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        raise Preempted

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
