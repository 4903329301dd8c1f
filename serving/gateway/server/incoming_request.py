"""A request whose bytes arrive piece by piece: parsed by gunicorn, kept until it is complete."""

import math
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from gunicorn.config import Config
from gunicorn.http.body import Body, ChunkedReader, LengthReader
from gunicorn.http.errors import LimitRequestHeaders, ParseException
from gunicorn.http.message import Request
from gunicorn.http.unreader import Unreader

from serving.deadline import TIMEOUT_HEADER, read_timeout
from serving.gateway.api.request_arrival import Arrival
from serving.gateway.server.chunked_body import ChunkDecoder
from serving.gateway.server.upload import TimeLimits, Upload
from serving.gateway.server.upload_memory import UploadMemory

MAX_HEAD_BYTES = 65_536
PIECE_BYTES = 65_536
MAX_PIECE_BYTES = 1_048_576

_END_OF_HEAD = b"\r\n\r\n"


@dataclass(frozen=True)
class RequestLimits:
    """The limits of every request of a worker.

    Attributes:
        config: gunicorn's, with its limits of heads.
        time: how long a request may take; the request may lower it.
        max_body_bytes: the rest of a longer body is not awaited.
        memory: shared by all unfinished requests.
        wants_body: whether a request's body is worth waiting for, by its head.
    """

    config: Config
    time: TimeLimits
    max_body_bytes: int
    memory: UploadMemory
    wants_body: Callable[[Request], bool]


class IncomingRequest:
    """A request, from its first byte on.

    Attributes:
        late: the limit of time that was reached before it was complete, in words; None: none was.
        wants_body: its body is worth waiting for.
        complete: all of it has arrived.
        expected_wait: seconds that it would have to wait for its turn, if it is refused for that.
        request: gunicorn's, once the head is complete; its body ends where nothing more has
            arrived.
    """

    def __init__(self, limits: RequestLimits, client: Any, number: int) -> None:
        self.late: str | None = None
        self.complete = False
        self.wants_body = True
        self.request: Any = None
        self._limits = limits
        self._client = client
        self._number = number
        self._head = bytearray()
        self._received = _ReceivedBytes()
        self._upload = Upload(limits.time)
        self._has_room = True
        self.expected_wait: float | None = None
        self._chunks: ChunkDecoder | None = None
        self._length = 0  # Of the body as announced or, if it is chunked, of what has arrived.

    @property
    def end(self) -> float:
        """When a limit of time is reached if nothing more arrives, on the monotonic clock."""
        return self._upload.end

    @property
    def ended(self) -> float:
        """When its last byte so far arrived."""
        return self._upload.ended

    @property
    def answer_by(self) -> float:
        """When its response is due, once it is complete."""
        return self._upload.answer_by

    @property
    def crowded(self) -> bool:
        """Whether there was no memory for all of its bytes, or others needed it more."""
        return not self._has_room or self._upload.dropped

    @property
    def dropped(self) -> bool:
        """Whether others needed its memory more while more of it was awaited."""
        return self._upload.dropped

    def expire(self) -> None:
        """Note that a limit of time is reached."""
        if not self.dropped:
            self.late = self._upload.limit()

    def stop_at(self, end: float) -> None:
        """Wait for the rest of it until then at most, on the monotonic clock."""
        self._upload.stop_at = end

    def take(self, data: bytes) -> None:
        """Take the next bytes; raise one of gunicorn's exceptions for a head that is not HTTP."""
        if not self._limits.memory.reserve(self._upload, len(data)):
            self._has_room = False
        if self.request:
            self._take_body(data)
            return
        before = len(self._head)
        self._head += data
        end = self._head.find(_END_OF_HEAD, max(0, before - len(_END_OF_HEAD)))
        if end > MAX_HEAD_BYTES or (end < 0 and len(self._head) > MAX_HEAD_BYTES):
            raise LimitRequestHeaders(f"more than {MAX_HEAD_BYTES:,} bytes")
        if end >= 0:
            self._parse_head()

    def _parse_head(self) -> None:
        self._received.append(bytes(self._head))
        self._head.clear()
        request = Request(self._limits.config, self._received, self._client, self._number)
        wanted = dict(request.headers).get(TIMEOUT_HEADER.upper())
        self._upload.begin_body(read_timeout(wanted) or math.inf)  # The app refuses invalid ones.
        self.wants_body = self._limits.wants_body(request)
        self.request = request
        if isinstance(request.body.reader, ChunkedReader):
            self._chunks = ChunkDecoder()
        else:
            self._length = int(request.body.reader.length)
        self._take_body(self._received.take_buffered())
        self._limits.memory.set_arriving(self._upload, not self.ready())

    def _take_body(self, data: bytes) -> None:
        self._upload.take(len(data))
        self._append(data)
        if self.complete:  # From now on it can't be dropped.
            self._limits.memory.set_arriving(self._upload, False)

    def _append(self, data: bytes) -> None:
        if self._chunks is None:
            self._received.append(data)
            self.complete = self._received.size() >= self._length
            return
        decoded = self._chunks.feed(data)
        self._length += len(decoded)
        self._received.append(decoded)
        self.complete = self._chunks.done
        broken = _BrokenBody(self._chunks.fault) if self._chunks.fault else None
        self.request.body = Body(broken or LengthReader(self._received, self._length))

    def ready(self) -> bool:
        """Return whether it can be answered: it is complete, or the rest does not matter."""
        return self.request is not None and (
            self.complete
            or self.late is not None
            or self.crowded
            or not self.wants_body
            or self._length > self._limits.max_body_bytes
            # Where the body ends can't be known any more.
            or (self._chunks is not None and self._chunks.fault is not None)
        )

    def arrival(self) -> Arrival:
        """Return how it arrived."""
        upload = self._upload
        ended = upload.ended if self.complete else time.monotonic()
        return Arrival(
            upload.began, ended, self.late, self.crowded, upload.received, self.expected_wait
        )

    @property
    def size(self) -> int:
        """The bytes of its body that have arrived."""
        return self._length

    def piece_bytes(self) -> int:
        """Return how many bytes to read at once: more for a larger body."""
        return min(max(PIECE_BYTES, self._length), MAX_PIECE_BYTES)

    def awaits_continue(self) -> bool:
        """Return whether the client waits for a 100 (Continue); true at most once.

        gunicorn sends its own when the app is called, which here is after the body has arrived.
        """
        if self.request is None or not self.request._expected_100_continue:
            return False
        self.request._expected_100_continue = False
        return not self.ready()

    def rest(self) -> bytes:
        """Return what has arrived after a complete request."""
        self.request.body.read(self._length + 1)  # The app may not have read it.
        rest: bytes = self._chunks.rest if self._chunks else self._received.take_buffered()
        return rest

    def release(self) -> None:
        """Give back the memory."""
        self._limits.memory.release(self._upload)


class _BrokenBody:
    """A body that can't be read."""

    def __init__(self, fault: str) -> None:
        self._fault = fault

    def read(self, size: int) -> bytes:
        raise InvalidChunk(self._fault)


class InvalidChunk(ParseException):  # type: ignore[misc]  # gunicorn has no types.
    """A body announced as chunked is invalid."""


class _ReceivedBytes(Unreader):  # type: ignore[misc]  # gunicorn has no types.
    """What gunicorn's parser reads from: the bytes that have arrived, then the end."""

    def chunk(self, size_hint: int | None = None) -> bytes:
        return b""

    def append(self, data: bytes) -> None:
        self.buf.seek(0, os.SEEK_END)
        self.buf.write(data)

    def size(self) -> int:
        return int(self.buf.seek(0, os.SEEK_END))
