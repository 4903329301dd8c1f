"""How many bytes of unfinished uploads a worker keeps."""

import threading


class Memory:
    """A bounded number of bytes, shared by all connections."""

    def __init__(self, bound: int) -> None:
        self._free = bound
        self._lock = threading.Lock()

    def reserve(self, size: int) -> bool:
        """Take some of it; return whether so much was free."""
        with self._lock:
            if size > self._free:
                return False
            self._free -= size
            return True

    def release(self, size: int) -> None:
        """Give some of it back."""
        with self._lock:
            self._free += size
