"""The memory that unfinished uploads of a worker share; the slowest give theirs back first."""

import threading

from serving.gateway.server.upload import Upload

# Above this share, slow uploads are dropped, so that fast ones always find memory.
SCARCE_ABOVE = 0.75

# Younger uploads are not judged by their rate yet.
_YOUNG_SECONDS = 1.0

# Nor are those that hold less than this share: dropping them would free next to nothing.
_SMALL_SHARE = 1 / 2000


class UploadMemory:
    """The bytes that unfinished uploads of a worker may take, all connections together.

    What counts is what has arrived, not what is announced.
    """

    def __init__(self, size: int) -> None:
        self._size = self._free = size
        self._arriving: set[Upload] = set()
        self._lock = threading.Lock()

    def reserve(self, upload: Upload, size: int) -> bool:
        """Reserve bytes for an upload; return whether that many were free."""
        with self._lock:
            if size > self._free:
                return False
            self._free -= size
            upload.reserved += size
            return True

    def release(self, upload: Upload) -> None:
        """Give back all that an upload has reserved."""
        with self._lock:
            self._free += upload.reserved
            upload.reserved = 0
            self._arriving.discard(upload)

    def set_arriving(self, upload: Upload, arriving: bool) -> None:
        """Say whether more of an upload is awaited: only then can it be dropped."""
        with self._lock:
            if arriving:
                self._arriving.add(upload)
            else:
                self._arriving.discard(upload)
                upload.dropped = False

    def drop_slowest(self, now: float) -> None:
        """Drop the slowest uploads if memory is scarce, until enough will be free.

        They are marked as dropped; whoever holds them refuses and releases them.
        """
        if self._excess() <= 0:
            return
        with self._lock:
            excess = self._excess() - sum(each.reserved for each in self._arriving if each.dropped)
            judged = [
                each
                for each in self._arriving
                if not each.dropped
                and each.seconds(now) >= _YOUNG_SECONDS
                and each.reserved >= _SMALL_SHARE * self._size
            ]
            for upload in sorted(judged, key=lambda each: each.recent_rate(now)):
                if excess <= 0:
                    break
                upload.dropped = True
                excess -= upload.reserved

    def _excess(self) -> float:
        """Return how many bytes are taken above the share from which on memory is scarce."""
        return (1 - SCARCE_ABOVE) * self._size - self._free
