"""Whether the gateway drains: its readiness fails, while requests are still taken and answered."""

import mmap


class Draining:
    """A flag that the master raises and its workers read.

    One byte of memory that they share, so make it before the fork.
    """

    def __init__(self) -> None:
        self._byte = mmap.mmap(-1, 1)

    def begin(self) -> None:
        """Raise the flag, for good."""
        self._byte[0] = 1

    def begun(self) -> bool:
        """Return whether the flag is raised."""
        return self._byte[0] == 1
