"""Uploads over real sockets that take their time: which are kept, and which limit ends the others.

Times are small; where an upload has to stay within a limit, the limit is far away.
"""

import socket
import time
from collections.abc import Callable, Iterator

import pytest
from gunicorn.config import Config

from serving.deadline import Deadline
from serving.gateway.server.connection import Connection
from serving.gateway.server.incoming_request import IncomingRequest, RequestLimits
from serving.gateway.server.upload import TimeLimits, Upload
from serving.gateway.server.upload_memory import UploadMemory
from serving.http_errors import TooManyRequests, UploadTimeout

FAR = 60.0
MEMORY_BYTES = 100_000
HEAD = b"POST /v1/models/clothing:classify HTTP/1.1\r\nHost: x\r\n"


class Uploading:
    """A client, and the worker's end of its connection."""

    def __init__(self, memory: UploadMemory, times: TimeLimits) -> None:
        self.client, server = socket.socketpair()
        self.client.settimeout(10)
        limits = RequestLimits(Config(), times, 1_000_000, memory, lambda request: True)
        self.connection = Connection(server, (("x", 1), ("x", 2)), limits)

    def send(self, data: bytes) -> IncomingRequest | None:
        """Send bytes; return the request if the worker would answer it now."""
        self.client.sendall(data)
        self.connection.advance()
        return self.connection.request()

    def wait(self) -> IncomingRequest:
        """Wait until the worker has to answer."""
        give_up = time.monotonic() + 10
        while time.monotonic() < give_up:
            if self.connection.overdue(time.monotonic()):
                self.connection.advance()
            if request := self.connection.request():
                return request
            time.sleep(0.01)
        raise AssertionError("no limit was reached")


def times(upload: float = FAR, rate: float = 0, head: float = FAR, after: float = 0) -> TimeLimits:
    return TimeLimits(FAR, upload, rate, head, after)


Connect = Callable[[TimeLimits], Uploading]


@pytest.fixture
def memory() -> UploadMemory:
    """Return the memory for uploads of one worker."""
    return UploadMemory(MEMORY_BYTES)


@pytest.fixture
def connect(memory: UploadMemory) -> Iterator[Connect]:
    """Return a function that connects a client; in the end all memory has to be free."""
    opened: list[Uploading] = []

    def connect(limits: TimeLimits) -> Uploading:
        opened.append(Uploading(memory, limits))
        return opened[-1]

    yield connect
    for each in opened:
        each.client.close()
        each.connection.close()
    assert memory.reserve(Upload(times()), MEMORY_BYTES)


def refusal(request: IncomingRequest, announced: int | None) -> str:
    with pytest.raises(UploadTimeout) as refused:
        request.arrival().check(announced)
    return refused.value.detail


@pytest.mark.parametrize(
    ("limits", "header", "reason"),
    [
        (times(upload=0.2), b"", "did not arrive within 0.2 s: 4 of 900 bytes came in 0."),
        (times(rate=40, after=0.1), b"", "arrived at less than 40 bytes/s on average: 4 of 900"),
        (times(), b"X-Request-Timeout: 0.3\r\n", "within the 0.3 s of its X-Request-Timeout: 4 of"),
    ],
    ids=["whole body", "rate", "the request's own"],
)
def test_the_limit_that_ends_an_upload_is_named(
    connect: Connect, limits: TimeLimits, header: bytes, reason: str
) -> None:
    uploading = connect(limits)
    assert uploading.send(HEAD + header + b"Content-Length: 900\r\n\r\nslow") is None
    request = uploading.wait()
    assert not request.complete  # So the worker closes the connection after its response.
    detail = refusal(request, 900)
    assert reason in detail
    assert "faster connection" in detail


def test_a_chunked_body_counts_what_came(connect: Connect) -> None:
    uploading = connect(times(upload=0.2))
    uploading.send(HEAD + b"Transfer-Encoding: chunked\r\n\r\n4\r\nslow\r\n")
    assert "within 0.2 s: 9 bytes came" in refusal(uploading.wait(), None)


def test_a_body_may_take_longer_than_its_response(connect: Connect) -> None:
    uploading = connect(TimeLimits(0.1, FAR, 20, FAR, 0.1))
    assert uploading.send(HEAD + b"Content-Length: 400\r\n\r\n") is None
    for _ in range(3):
        time.sleep(0.08)
        assert uploading.send(b"x" * 100) is None  # At least 20 bytes/s on average.
        assert not uploading.connection.overdue(time.monotonic())
    request = uploading.send(b"x" * 100)
    assert request is not None
    arrival = request.arrival()
    arrival.check(400)
    assert arrival.ended - arrival.began >= 0.2
    assert request.answer_by == arrival.ended + 0.1


def test_the_header_of_a_request_counts_from_its_first_byte(connect: Connect) -> None:
    uploading = connect(times())
    uploading.send(HEAD + b"X-Request-Timeout: 7\r\nContent-Length: 2\r\n\r\nx")
    time.sleep(0.05)
    request = uploading.send(b"x")
    assert request is not None
    arrival = request.arrival()
    assert request.answer_by == arrival.began + 7
    deadline = Deadline.of_request(FAR, 7, arrival.began, arrival.ended, {})
    assert deadline.remaining() < 7 - 0.05


def test_a_head_has_its_own_limit(connect: Connect) -> None:
    uploading = connect(times(head=0.1))
    assert uploading.send(HEAD) is None
    time.sleep(0.15)
    assert uploading.send(b"X: y") is None  # Trickling does not help.
    assert uploading.connection.ended
    assert uploading.client.recv(1000).startswith(b"HTTP/1.1 408 ")


def test_trickling_is_noticed_while_bytes_arrive(connect: Connect) -> None:
    uploading = connect(times(rate=1000, after=0.1))
    uploading.send(HEAD + b"Content-Length: 900\r\n\r\nx")
    time.sleep(0.15)
    request = uploading.send(b"x")
    assert request is not None
    assert "less than 1,000 bytes/s" in refusal(request, 900)


def test_an_upload_is_not_awaited_beyond_the_end_of_the_worker(connect: Connect) -> None:
    uploading = connect(times())
    uploading.send(HEAD + b"Content-Length: 900\r\n\r\nx")
    now = time.monotonic()
    uploading.connection.stop_at(now, now + 0.1)
    assert "being restarted" in refusal(uploading.wait(), 900)


def test_when_memory_is_scarce_the_slowest_upload_gives_its_back(
    connect: Connect, memory: UploadMemory
) -> None:
    slow, fast, small, young = (connect(times()) for _ in range(4))
    head = HEAD + b"Content-Length: 90000\r\n\r\n"
    assert slow.send(head + b"x" * 40_000) is None
    assert fast.send(head + b"x" * 20_000) is None
    memory.drop_slowest(time.monotonic() + 10)
    assert not slow.connection.overdue(time.monotonic())  # Memory is not scarce yet.
    time.sleep(0.02)
    assert fast.send(b"x" * 30_000) is None
    assert small.send(b"POST") is None  # Slower still, but it holds next to nothing.
    memory.drop_slowest(time.monotonic() + 10)
    dropped = slow.wait()
    with pytest.raises(TooManyRequests, match=r"not fast enough .*: 40,000 of 90,000 bytes"):
        dropped.arrival().check(90_000)
    slow.connection.close()
    assert young.send(head + b"x" * 40_000) is None  # In the memory that is free again.
    for kept in (fast, young):
        assert kept.send(b"x" * 1_000) is None
    assert small.send(HEAD.removeprefix(b"POST") + b"\r\n") is not None


def test_uploads_that_have_just_begun_are_not_dropped(
    connect: Connect, memory: UploadMemory
) -> None:
    uploading = connect(times())
    uploading.send(HEAD + b"Content-Length: 90000\r\n\r\n" + b"x" * 60_000)
    uploading.send(b"x" * 29_000)
    memory.drop_slowest(time.monotonic())
    request = uploading.send(b"x" * 1000)
    assert request is not None
    assert request.complete
    request.arrival().check(90_000)


def test_a_request_that_has_arrived_is_never_dropped(
    connect: Connect, memory: UploadMemory
) -> None:
    uploading = connect(times())
    uploading.send(HEAD + b"Content-Length: 50000\r\n\r\n" + b"x" * 40_000)
    uploading.send(b"x" * 40_000)  # It has arrived, and with it the begin of something else.
    memory.drop_slowest(time.monotonic() + 10)
    assert not uploading.connection.overdue(time.monotonic())
    request = uploading.connection.request()
    assert request is not None
    assert not request.crowded
