"""Signals for processes that tests start."""

import contextlib
import signal
from collections.abc import Iterator


@contextlib.contextmanager
def sigint_inherited() -> Iterator[None]:
    """Let a process that is started here get SIGINT.

    Where the tests run in the background, it is ignored, and a new process inherits that.
    """
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
