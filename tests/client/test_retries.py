"""When requests are sent again, and when not."""

import random
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from email.utils import formatdate
from typing import Any

import pytest

from client import Photolabel, PhotolabelError, Prediction, Refused, TimedOut, Unreachable
from tests.client.conftest import FakeGateway, Received

BUSY = {"type": "urn:photolabel:error:too-many-requests", "title": "Too many", "status": 429}
HANG_UP = 0


@pytest.fixture(autouse=True)
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Record the seconds between retries instead of waiting for them."""
    waited: list[float] = []
    monkeypatch.setattr("urllib3.util.retry.time.sleep", waited.append)
    return waited


@pytest.mark.parametrize("status", [429, 503])
def test_a_busy_server_is_asked_again_when_it_says(
    gateway: FakeGateway, status: int, waits: list[float]
) -> None:
    gateway.reply(status, BUSY, Retry_After="3")
    gateway.reply(status, BUSY, Retry_After=formatdate(0, usegmt=True))
    gateway.reply(200, {"models": []})
    with Photolabel(gateway.url) as photolabel:
        assert photolabel.models() == []
    assert waits[0] == 3
    assert len(gateway.received) == 3


def test_without_advice_the_waits_grow(gateway: FakeGateway, waits: list[float]) -> None:
    gateway.reply(503, BUSY)
    with Photolabel(gateway.url, retries=5) as photolabel, pytest.raises(Refused):
        photolabel.models()
    assert len(gateway.received) == 6
    assert waits == sorted(waits)
    assert 0.4 < waits[-1] < 3


def test_a_server_that_says_when_is_asked_as_long_as_the_time_allows(
    gateway: FakeGateway, waits: list[float]
) -> None:
    for _ in range(20):
        gateway.reply(503, BUSY, Retry_After="1")
    gateway.reply(200, {"models": []})
    with Photolabel(gateway.url, retries=2) as photolabel:
        assert photolabel.models() == []
    assert waits.count(1) == 20


@pytest.mark.parametrize("status", [400, 404, 422, 500, 504])
def test_other_errors_are_not_repeated(gateway: FakeGateway, status: int) -> None:
    gateway.reply(status, BUSY, Retry_After="0")
    with Photolabel(gateway.url) as photolabel, pytest.raises(Refused):
        photolabel.models()
    assert len(gateway.received) == 1


def test_without_retries_a_busy_server_is_an_error_at_once(gateway: FakeGateway) -> None:
    gateway.reply(429, BUSY, Retry_After="2")
    with Photolabel(gateway.url, retries=0) as photolabel, pytest.raises(Refused) as caught:
        photolabel.classify(b"photo", model="m")
    assert caught.value.retry_after == 2
    assert len(gateway.received) == 1


def test_waits_end_with_the_timeout(gateway: FakeGateway, waits: list[float]) -> None:
    gateway.reply(503, BUSY, Retry_After="3600")
    with Photolabel(gateway.url, timeout=60) as photolabel, pytest.raises(Refused) as caught:
        photolabel.models()
    assert caught.value.retry_after == 3600
    assert not waits


def test_a_lost_connection_is_repeated(gateway: FakeGateway) -> None:
    gateway.reply(HANG_UP, b"")
    gateway.reply(200, b'{"models"', Content_Length="1000", Connection="close")
    gateway.reply(200, {"models": []})
    with Photolabel(gateway.url) as photolabel:
        assert photolabel.models() == []
    assert len(gateway.received) == 3


def test_a_connection_that_stays_lost_is_an_error(gateway: FakeGateway) -> None:
    gateway.reply(HANG_UP, b"")
    with Photolabel(gateway.url, retries=2) as photolabel, pytest.raises(Unreachable):
        photolabel.models()
    assert len(gateway.received) == 3
    gateway.replies.clear()
    gateway.reply(200, b"{", Content_Length="1000", Connection="close")
    with (
        Photolabel(gateway.url, retries=2) as photolabel,
        pytest.raises(Unreachable, match="cut off"),
    ):
        photolabel.models()
    assert len(gateway.received) == 6


def test_a_damaged_response_and_a_hang_up_are_said_plainly(gateway: FakeGateway) -> None:
    gateway.reply(200, b"no gzip", Content_Encoding="gzip")
    gateway.reply(HANG_UP, b"")
    with Photolabel(gateway.url, retries=0) as photolabel:
        with pytest.raises(Unreachable, match="damaged"):
            photolabel.models()
        with pytest.raises(Unreachable, match=r"\(Remote end closed connection without response\)"):
            photolabel.models()


@pytest.mark.parametrize("advice", ["soon", "-1", "9" * 5000])
def test_malformed_advice_is_ignored(gateway: FakeGateway, waits: list[float], advice: str) -> None:
    gateway.reply(503, {"title": "Busy"}, Retry_After=advice)
    with Photolabel(gateway.url, retries=1) as photolabel, pytest.raises(Refused, match="Busy"):
        photolabel.models()


def test_a_server_that_never_answers_is_not_asked_again() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with Photolabel(url, timeout=0.3) as photolabel, pytest.raises(TimedOut, match=r"0\.3 s"):
            photolabel.models()
        silent.settimeout(0.1)
        silent.accept()[0].close()
        with pytest.raises(TimeoutError):
            silent.accept()


def test_nobody_listening() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}"
        with Photolabel(url) as photolabel, pytest.raises(PhotolabelError) as caught:
            photolabel.models()
    message = f"cannot reach {url} (Connection refused): is the server running there?"
    assert str(caught.value) == message


def test_connections_are_kept(gateway: FakeGateway) -> None:
    with Photolabel(gateway.url) as photolabel:
        for _ in range(5):
            photolabel.classify(b"photo", model="m")
    assert len({request.peer for request in gateway.received}) == 1


def test_a_server_that_often_fails_classifies_every_photo_once(
    gateway: FakeGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    chance, lock, take = random.Random(7), threading.Lock(), gateway.take

    def unreliable(request: Received) -> tuple[int, dict[str, str], bytes]:
        with lock:
            failure = chance.choice([429, 503, HANG_UP]) if chance.random() < 0.2 else None
            if failure is not None:
                return failure, {"Retry-After": "0"}, b'{"title": "Busy"}'
            return take(request)

    monkeypatch.setattr(gateway, "take", unreliable)
    photos = [[f"{number}-{part}".encode() for part in range(5)] for number in range(100)]

    def classify(some: list[bytes]) -> list[Any]:
        return list(photolabel.classify_each(some, model="m"))

    with Photolabel(gateway.url, retries=20) as photolabel, ThreadPoolExecutor(16) as threads:
        found = [result for results in threads.map(classify, photos) for result in results]
    assert len(found) == 500
    assert all(isinstance(result, Prediction) for result in found)
    answered = b"".join(request.body for request in gateway.received)
    assert all(answered.count(b"\r\n" + photo + b"\r\n") == 1 for some in photos for photo in some)
