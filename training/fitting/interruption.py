"""Requests to stop: Ctrl-C, and SIGTERM from a cluster that needs the node for something else."""

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from training.errors import Preempted


class Stop:
    """Whether the process has been asked to stop: `asked` is the signal, None without one."""

    asked: signal.Signals | None = None

    def check(self) -> None:
        """Raise KeyboardInterrupt after Ctrl-C, and Preempted after SIGTERM."""
        if self.asked is signal.SIGINT:
            raise KeyboardInterrupt
        if self.asked:
            raise Preempted


@contextmanager
def interruptible() -> Iterator[Stop]:
    """Make Ctrl-C and SIGTERM only requests: `fit` stops after a batch, once its state is saved.

    Python's default is to raise an exception at once, perhaps inside the generator of TensorFlow's
    batches: it is lost there, and `fit` waits forever. A second signal ends the process at once,
    except in notebooks and other interactive sessions, whose variables would be lost.

    In another thread than the main one, which alone may handle signals, nothing asks to stop.
    """
    stop = Stop()
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return

    def ask(number: int, frame: object) -> None:
        stop.asked = signal.Signals(number)
        if hasattr(sys, "ps1"):  # An interactive session.
            return
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
    """Make SIGTERM raise Preempted: process 1 of a container would ignore the signal."""

    def end(number: int, frame: object) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        raise Preempted

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
