"""Uploads of the client over connections that are slower than connecting may take."""

import json
import socket
import threading
import time
from collections.abc import Iterator

import pytest

from client import Photolabel, Refused, TimedOut, transport

BODY = b"x" * 6_000_000  # More than the kernel's buffers hold.
_PROBLEM = json.dumps({"type": "t", "title": "Not a photo", "status": 422, "detail": "d"}).encode()
_RESPONSE = (
    b"HTTP/1.1 422 Unprocessable\r\nContent-Type: application/problem+json\r\n"
    b"Content-Length: %d\r\n\r\n" % len(_PROBLEM) + _PROBLEM
)


@pytest.fixture(autouse=True)
def _short_time_to_connect(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "_CONNECT_TIMEOUT", 0.2)


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65_536)
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener


def url(listener: socket.socket) -> str:
    return f"http://127.0.0.1:{listener.getsockname()[1]}"


def read_slowly(listener: socket.socket) -> None:
    """Read one request within about a second, then refuse it."""
    connection, _ = listener.accept()
    with connection:
        received = 0
        while received < len(BODY):
            received += len(connection.recv(200_000))
            time.sleep(0.02)
        connection.sendall(_RESPONSE)


def test_an_upload_may_take_longer_than_connecting(listener: socket.socket) -> None:
    server = threading.Thread(target=read_slowly, args=(listener,))
    server.start()
    with Photolabel(url(listener), timeout=20) as photolabel, pytest.raises(Refused) as refused:
        photolabel.classify([BODY], model="clothing")
    server.join(20)
    assert refused.value.status == 422


def test_an_upload_that_stalls_is_not_repeated(listener: socket.socket) -> None:
    with (
        Photolabel(url(listener), timeout=0.5) as photolabel,
        pytest.raises(TimedOut, match=r"0\.5 s"),
    ):
        photolabel.classify([BODY], model="clothing")
    with listener.accept()[0]:
        listener.settimeout(0.1)
        with pytest.raises(TimeoutError):  # There is no second connection.
            listener.accept()
