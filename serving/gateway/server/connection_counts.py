"""How many connections each worker holds, and how many it may hold."""

import ctypes
import mmap
import resource

_NO_WORKER = 0xFFFF
_OTHER_FILES = 200  # Of the gateway itself: gRPC, metrics, libraries.


class ConnectionCounts:
    """How many connections each worker holds, so that they spread evenly over the workers.

    The counts are in memory that all workers share: make it before the fork.

    The system wakes any worker for a new connection, and kept connections stay: without this, one
    of two workers had up to three quarters of the load.

    Args:
        slots: how many workers there may be at once, including those that are stopping.
    """

    def __init__(self, slots: int) -> None:
        counts = ctypes.c_uint16 * slots
        self._counts = counts.from_buffer(mmap.mmap(-1, ctypes.sizeof(counts)))
        self._counts[:] = [_NO_WORKER] * slots

    def set(self, slot: int, connections: int) -> None:
        """Set the number of connections of the worker in a slot."""
        self._counts[slot % len(self._counts)] = min(connections, _NO_WORKER - 1)

    def remove(self, slot: int) -> None:
        """Remove the worker in a slot: it accepts no more connections."""
        self._counts[slot % len(self._counts)] = _NO_WORKER

    def lowest(self) -> int:
        """Return the number of connections of the worker that holds the fewest."""
        return int(min(self._counts))


def allow_connections(wanted: int) -> int:
    """Raise the limit of open files; return how many connections the process may have open."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return wanted
    files = wanted + _OTHER_FILES
    possible = files if hard == resource.RLIM_INFINITY else min(files, hard)
    if soft < possible:
        resource.setrlimit(resource.RLIMIT_NOFILE, (possible, hard))
    return max(1, min(wanted, max(soft, possible) - _OTHER_FILES))
