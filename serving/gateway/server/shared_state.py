"""How many connections each worker holds, so that they spread evenly over the workers.

The system wakes whichever worker it likes for a new connection, and kept connections stay: without
this, one of two workers had up to three quarters of the load.
"""

import mmap
import struct

_SLOT = struct.Struct("<H")
_NOBODY = 0xFFFF


class Balance:
    """A number for each worker, in memory that all share: make it before the fork.

    Args:
        slots: how many workers there may be at once, those that stop included.
    """

    def __init__(self, slots: int) -> None:
        self._slots = slots
        self._shared = mmap.mmap(-1, slots * _SLOT.size)
        for slot in range(slots):
            self.leave(slot)

    def hold(self, slot: int, connections: int) -> None:
        """Say how many connections the worker of a slot holds."""
        self._write(slot, min(connections, _NOBODY - 1))

    def leave(self, slot: int) -> None:
        """Say that the worker of a slot takes no more."""
        self._write(slot, _NOBODY)

    def least(self) -> int:
        """Return how many connections the worker holds that holds the fewest."""
        counts: list[int] = [count for (count,) in _SLOT.iter_unpack(self._shared[:])]
        return min(counts)

    def _write(self, slot: int, count: int) -> None:
        _SLOT.pack_into(self._shared, slot % self._slots * _SLOT.size, count)
