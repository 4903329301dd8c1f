"""A request whose bytes come piece by piece: parsed by gunicorn, kept until it is whole."""

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
from serving.gateway.server.chunked_body import ChunkDecoder
from serving.gateway.server.memory import Memory

MAX_HEAD_BYTES = 65_536
PIECE_BYTES = 65_536
MAX_PIECE_BYTES = 1_048_576

_END_OF_HEAD = b"\r\n\r\n"


@dataclass(frozen=True)
class RequestLimits:
    """What every request of a worker is allowed.

    Attributes:
        config: gunicorn's, with its limits of heads.
        time_budget: seconds for a request to arrive; the request may lower them.
        max_body_bytes: of a longer body no more is awaited.
        memory: what all unfinished requests share.
        wants_body: whether a request's body is worth waiting for, by its head.
    """

    config: Config
    time_budget: float
    max_body_bytes: int
    memory: Memory
    wants_body: Callable[[Request], bool]


class IncomingRequest:
    """A request from its first byte on.

    Attributes:
        began: when its first byte came, on the monotonic clock.
        end: when its time budget is spent, on the same clock.
        crowded: there was no memory for all of its bytes.
        parsed: the request, once its head is there.
    """

    def __init__(self, limits: RequestLimits, client: Any, number: int) -> None:
        self.began = time.monotonic()
        self.end = self.began + limits.time_budget
        self.crowded = False
        self.parsed: ParsedRequest | None = None
        self._limits = limits
        self._client = client
        self._number = number
        self._head = bytearray()
        self._reserved = 0
        self._wants_body = True

    def take(self, data: bytes) -> None:
        """Take the next bytes.

        Raises:
            Exception: one of gunicorn's, for a head that is no HTTP.
        """
        if self._limits.memory.reserve(len(data)):
            self._reserved += len(data)
        else:
            self.crowded = True
        if self.parsed:
            self.parsed.take(data)
            return
        before = len(self._head)
        self._head += data
        end = self._head.find(_END_OF_HEAD, max(0, before - len(_END_OF_HEAD)))
        if end > MAX_HEAD_BYTES or (end < 0 and len(self._head) > MAX_HEAD_BYTES):
            raise LimitRequestHeaders(f"more than {MAX_HEAD_BYTES:,} bytes")
        if end >= 0:
            self._parse()

    def _parse(self) -> None:
        unreader = _Arrived(bytes(self._head))
        self._head.clear()
        request = Request(self._limits.config, unreader, self._client, self._number)
        self.parsed = ParsedRequest(request, unreader)
        wanted = dict(request.headers).get(TIMEOUT_HEADER.upper())
        seconds = read_timeout(wanted, self._limits.time_budget) or self._limits.time_budget
        self.end = self.began + seconds
        self._wants_body = self._limits.wants_body(request)

    def ready(self) -> bool:
        """Whether it is whole, or the rest of its body does not matter."""
        parsed = self.parsed
        return parsed is not None and (
            parsed.whole
            or self.crowded
            or not self._wants_body
            or parsed.broken()
            or parsed.announced() > self._limits.max_body_bytes
        )

    def piece_bytes(self) -> int:
        """Return how many bytes to take at once: the more, the larger the body."""
        announced = self.parsed.announced() if self.parsed else 0
        return min(max(PIECE_BYTES, announced), MAX_PIECE_BYTES)

    def release(self) -> None:
        """Give back the memory."""
        self._limits.memory.release(self._reserved)
        self._reserved = 0


class ParsedRequest:
    """A request whose head has come, and as much of its body as there is.

    Attributes:
        request: gunicorn's; its body ends where no more has come.
        whole: all of the body has come.
    """

    def __init__(self, request: Request, unreader: "_Arrived") -> None:
        self.request = request
        self.whole = False
        self._unreader = unreader
        self._chunks: ChunkDecoder | None = None
        self._length = 0
        if isinstance(request.body.reader, ChunkedReader):
            self._chunks = ChunkDecoder()
            self.take(unreader.take_buffered())
        else:
            self._length = int(request.body.reader.length)
            self.whole = unreader.size() >= self._length

    def take(self, data: bytes) -> None:
        """Take the next bytes of the body."""
        if self._chunks is None:
            self._unreader.append(data)
            self.whole = self._unreader.size() >= self._length
            return
        decoded = self._chunks.feed(data)
        self._length += len(decoded)
        self._unreader.append(decoded)
        self.whole = self._chunks.done
        body = _Faulty(self._chunks.fault) if self._chunks.fault else None
        self.request.body = Body(body or LengthReader(self._unreader, self._length))

    def broken(self) -> bool:
        """Whether the rest of the body can't be told from what is behind it."""
        return self._chunks is not None and self._chunks.fault is not None

    def announced(self) -> int:
        """Return how many bytes the body will have, or has by now where that is not announced."""
        return self._length

    def awaits_invitation(self) -> bool:
        """Whether the client waits for a 100 (Continue); it does so once.

        gunicorn's own comes when the app is called, which here is when the body has come.
        """
        waits = bool(self.request._expected_100_continue)
        self.request._expected_100_continue = False
        return waits and not self.whole

    def rest(self) -> bytes:
        """Return what has come behind a whole request."""
        self.request.body.read(self._length + 1)  # The app need not have read it.
        behind: bytes = self._chunks.rest if self._chunks else self._unreader.take_buffered()
        return behind


class _Faulty:
    """A body that can't be read."""

    def __init__(self, fault: str) -> None:
        self._fault = fault

    def read(self, size: int) -> bytes:
        """Say what is wrong."""
        raise InvalidChunk(self._fault)


class InvalidChunk(ParseException):  # type: ignore[misc]  # gunicorn has no types.
    """A body that says it is chunked, and is not."""


class _Arrived(Unreader):  # type: ignore[misc]  # gunicorn has no types.
    """What gunicorn's parser reads from: the bytes that have come. Behind them it ends."""

    def __init__(self, data: bytes) -> None:
        super().__init__()
        self.append(data)

    def chunk(self, size_hint: int | None = None) -> bytes:
        """Return no more: what has not come yet is not waited for."""
        return b""

    def append(self, data: bytes) -> None:
        """Add bytes that have come."""
        self.buf.seek(0, os.SEEK_END)
        self.buf.write(data)

    def size(self) -> int:
        """Return how many bytes are there."""
        return int(self.buf.seek(0, os.SEEK_END))
