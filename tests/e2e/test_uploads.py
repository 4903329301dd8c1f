"""Uploads to the real server: slow, endless, aborted, or not HTTP at all."""

import json
import socket
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.drawing import encoded_photo
from tests.e2e.processes import Program, gateway

pytestmark = pytest.mark.e2e

UPLOAD_SECONDS = 1.0
HEAD = b"POST /v1/models/clothing:classify HTTP/1.1\r\nHost: x\r\n"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Program, str]]:
    """Run a gateway without a model server: uploads are read first."""
    log = tmp_path_factory.mktemp("uploads") / "gateway.log"
    settings = {"upload_seconds": str(UPLOAD_SECONDS), "max_body_bytes": "2000000"}
    with gateway("127.0.0.1:1", log, **settings) as running:
        yield running


def send(url: str, pieces: Iterable[bytes], pause: float) -> tuple[int, dict[str, Any]]:
    """Send pieces with pauses until the response arrives; return its status and body."""
    address = httpx.URL(url)
    with socket.create_connection((address.host, address.port or 80), timeout=20) as connection:
        try:
            for piece in pieces:
                connection.sendall(piece)
                time.sleep(pause)
        except OSError:  # The response came early, and the connection was closed.
            pass
        response = b""
        while piece := _receive(connection):
            response += piece
            head, _, body = response.partition(b"\r\n\r\n")
            length = next(
                (int(h[15:]) for h in head.split(b"\r\n") if h[:15].lower() == b"content-length:"),
                None,
            )
            if length is not None and len(body) >= length:
                break
    return int(response.split(b" ", 2)[1]), json.loads(body)


def _receive(connection: socket.socket) -> bytes:
    try:
        return connection.recv(65536)
    except ConnectionResetError:
        return b""


def drip() -> Iterator[bytes]:
    """Send a byte every tenth of a second, for far longer than an upload may take."""
    yield HEAD + b"Content-Length: 1000\r\n\r\n"
    yield from [b"x"] * int(UPLOAD_SECONDS * 10 * 3)


def drip_chunks() -> Iterator[bytes]:
    """Send a chunk of one byte as slowly."""
    yield HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
    yield from [b"1\r\nx\r\n"] * int(UPLOAD_SECONDS * 10 * 3)


@pytest.mark.parametrize("pieces", [drip, drip_chunks])
def test_408_for_a_body_that_does_not_arrive(running: tuple[Program, str], pieces: Any) -> None:
    _, url = running
    status, problem = send(url, pieces(), 0.1)
    assert (status, problem["type"]) == (408, "urn:photolabel:error:upload-timeout")


def test_408_for_a_stalled_upload(running: tuple[Program, str]) -> None:
    _, url = running
    status, _ = send(url, [HEAD + b"Content-Length: 1000\r\n\r\n", b"half"], 0)
    assert status == 408


def test_413_before_the_body_is_sent(running: tuple[Program, str]) -> None:
    _, url = running
    status, problem = send(url, [HEAD + b"Content-Length: 50000000\r\n\r\n"], 0)
    assert (status, problem["type"]) == (413, "urn:photolabel:error:body-too-large")


def test_413_for_endless_chunks(running: tuple[Program, str]) -> None:
    _, url = running
    chunk = b"80000\r\n" + b"x" * 0x80000 + b"\r\n"
    status, _ = send(url, [HEAD + b"Transfer-Encoding: chunked\r\n\r\n", *[chunk] * 40], 0)
    assert status == 413


def test_400_for_malformed_chunks(running: tuple[Program, str]) -> None:
    _, url = running
    status, problem = send(url, [HEAD + b"Transfer-Encoding: chunked\r\n\r\nZZ\r\n"], 0)
    assert (status, problem["type"]) == (400, "urn:photolabel:error:malformed-request")


def test_a_client_that_disconnects_affects_nobody_else(running: tuple[Program, str]) -> None:
    program, url = running
    for _ in range(5):
        address = httpx.URL(url)
        with socket.create_connection((address.host, address.port or 80)) as connection:
            connection.sendall(HEAD + b"Content-Length: 1000\r\n\r\nhalf")
    assert httpx.get(f"{url}/livez").status_code == 200
    assert "Traceback" not in program.output()


def test_slow_uploads_do_not_delay_others(running: tuple[Program, str]) -> None:
    program, url = running
    address = httpx.URL(url)
    slow = [socket.create_connection((address.host, address.port or 80)) for _ in range(40)]
    for connection in slow:
        connection.sendall(HEAD + b"Content-Length: 1000\r\n\r\n")
    photo = encoded_photo()
    response = httpx.post(f"{url}/v1/models/clothing:classify", content=photo, timeout=20)
    assert response.status_code == 503, "the photo arrived, but there is no model server"
    for connection in slow:
        connection.close()
    assert "Traceback" not in program.output()


def test_a_connection_stays_open_for_the_next_request(running: tuple[Program, str]) -> None:
    _, url = running
    with httpx.Client(base_url=url, timeout=20) as client:
        for content, status in ((b"", 400), (b"text", 503), (encoded_photo(), 503)):
            response = client.post("/v1/models/clothing:classify", content=content)
            assert response.status_code == status


def test_a_port_in_use_is_reported_in_one_line(
    running: tuple[Program, str], tmp_path: Path
) -> None:
    _, url = running
    program = Program("serving", log=tmp_path / "log", PHOTOLABEL_BIND=url.removeprefix("http://"))
    assert program.process.wait(60) == 1
    assert "Traceback" not in program.output()
    assert "in use" in program.output()
