"""Being asked to stop: Ctrl-C, and the SIGTERM of a node that is needed for something else."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager

from training.errors import Preempted


class Stop:
    """Whether the process has been asked to stop.

    Attributes:
        asked: the signal that asked; None: none did.
    """

    asked: signal.Signals | None = None

    def check(self) -> None:
        """Raise what stands for the signal, if there was one.

        Raises:
            KeyboardInterrupt: it was Ctrl-C.
            Preempted: it was SIGTERM.
        """
        if self.asked is signal.SIGINT:
            raise KeyboardInterrupt
        if self.asked:
            raise Preempted


@contextmanager
def interruptible() -> Iterator[Stop]:
    """Let Ctrl-C and SIGTERM only ask: `fit` ends between two batches, once its state is kept.

    Python's own way can meet TensorFlow inside the generator of its batches; the error is lost
    there, and `fit` waits forever. A second signal ends the process at once.

    Raises:
        KeyboardInterrupt: Ctrl-C was pressed.
        Preempted: SIGTERM came.
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
    """Let SIGTERM end everything else as Ctrl-C does; the first process of a container ignores it.

    Raises:
        Preempted: SIGTERM came.
    """

    def end(number: int, frame: object) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        raise Preempted

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
