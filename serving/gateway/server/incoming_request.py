"""A request whose bytes arrive piece by piece: parsed by gunicorn, kept until it is complete."""

import os
import threading
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

MAX_HEAD_BYTES = 65_536
PIECE_BYTES = 65_536
MAX_PIECE_BYTES = 1_048_576

_END_OF_HEAD = b"\r\n\r\n"


class UploadMemory:
    """The bytes that unfinished uploads of a worker may take, all connections together."""

    def __init__(self, size: int) -> None:
        self._free = size
        self._lock = threading.Lock()

    def reserve(self, size: int) -> bool:
        """Reserve some bytes; return whether that many were free."""
        with self._lock:
            if size > self._free:
                return False
            self._free -= size
            return True

    def release(self, size: int) -> None:
        """Give reserved bytes back."""
        with self._lock:
            self._free += size


@dataclass(frozen=True)
class RequestLimits:
    """The limits of every request of a worker.

    Attributes:
        config: gunicorn's, with its limits of heads.
        time_budget: seconds for a request to arrive; the request may lower them.
        max_body_bytes: the rest of a longer body is not awaited.
        memory: shared by all unfinished requests.
        wants_body: whether a request's body is worth waiting for, by its head.
    """

    config: Config
    time_budget: float
    max_body_bytes: int
    memory: UploadMemory
    wants_body: Callable[[Request], bool]


class IncomingRequest:
    """A request, from its first byte on.

    Attributes:
        end: when its time budget is spent, on the monotonic clock.
        late: the budget was spent before it was complete.
        crowded: there was no memory for all of its bytes.
        wants_body: its body is worth waiting for.
        complete: all of it has arrived.
        expected_wait: seconds that it would have to wait for its turn, if it is refused for that.
        request: gunicorn's, once the head is complete; its body ends where nothing more has
            arrived.
    """

    def __init__(self, limits: RequestLimits, client: Any, number: int) -> None:
        self._began = self._ended = time.monotonic()
        self.end = self._began + limits.time_budget
        self.late = self.complete = False
        self.request: Any = None
        self._limits = limits
        self._client = client
        self._number = number
        self._head = bytearray()
        self._received = _ReceivedBytes()
        self._reserved = 0
        self.crowded = False
        self.wants_body = True
        self.expected_wait: float | None = None
        self._chunks: ChunkDecoder | None = None
        self._length = 0  # Of the body as announced or, if it is chunked, of what has arrived.

    def take(self, data: bytes) -> None:
        """Take the next bytes; raise one of gunicorn's exceptions for a head that is not HTTP."""
        if self._limits.memory.reserve(len(data)):
            self._reserved += len(data)
        else:
            self.crowded = True
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
        seconds = read_timeout(wanted, self._limits.time_budget) or self._limits.time_budget
        self.end = self._began + seconds
        self.wants_body = self._limits.wants_body(request)
        self.request = request
        if isinstance(request.body.reader, ChunkedReader):
            self._chunks = ChunkDecoder()
            self._take_body(self._received.take_buffered())
        else:
            self._length = int(request.body.reader.length)
            self._take_body(b"")

    @property
    def answer_by(self) -> float:
        """When its response is due, on the monotonic clock."""
        return self.end

    def _take_body(self, data: bytes) -> None:
        self._ended = time.monotonic()
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
            or self.late
            or self.crowded
            or not self.wants_body
            or self._length > self._limits.max_body_bytes
            # Where the body ends can't be known any more.
            or (self._chunks is not None and self._chunks.fault is not None)
        )

    def arrival(self) -> Arrival:
        """Return how it arrived."""
        return Arrival(self._began, self._ended, self.late, self.crowded, self.expected_wait)

    def header(self, name: str) -> str:
        """Return a header, its name in capital letters; an empty text if it is missing."""
        return str(dict(self.request.headers).get(name, ""))

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
        self._limits.memory.release(self._reserved)
        self._reserved = 0


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
