"""Connections to the real worker: many, slow, silent, pipelined, abandoned."""

import select
import socket
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest

from serving.gateway.api.api_keys import new_key
from tests.e2e.processes import Program, gateway
from tests.e2e.sockets import LIVE, UPLOAD, connected, read_statuses
from tests.waiting import wait_until

pytestmark = pytest.mark.e2e

UPLOAD_SECONDS = 1.0
MAX_BODY_BYTES = 200_000
MAX_UPLOAD_BYTES = 1_000_000


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Program, httpx.URL]]:
    """Run a gateway with one worker and no model server."""
    log = tmp_path_factory.mktemp("connections") / "gateway.log"
    settings = {
        "workers": "1",
        "upload_seconds": str(UPLOAD_SECONDS),
        "max_body_bytes": str(MAX_BODY_BYTES),
        "max_upload_bytes": str(MAX_UPLOAD_BYTES),
    }
    with gateway("127.0.0.1:1", log, **settings) as (program, url):
        yield program, httpx.URL(url)


@pytest.mark.parametrize(
    "beginning",
    [b"", b"POST /v1/mod", UPLOAD + b"Content-Length: 1000\r\n\r\nx"],
    ids=["nothing", "half the headers", "half the body"],
)
def test_hundreds_of_slow_clients_block_nobody_else(
    running: tuple[Program, httpx.URL], beginning: bytes
) -> None:
    _, url = running
    with connected(url, 300) as slow:
        for connection in slow:
            connection.sendall(beginning)
        with connected(url, 1) as (quick,):
            for _ in range(20):
                quick.sendall(LIVE)
                assert read_statuses(quick, 1) == [200]
        if beginning:
            assert {read_statuses(connection, 1)[0] for connection in slow} == {408}


def test_pipelined_requests_are_answered_in_order(
    running: tuple[Program, httpx.URL],
) -> None:
    _, url = running
    body = UPLOAD + b"Content-Length: 5\r\n\r\nhello"
    chunked = UPLOAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"
    elsewhere = b"POST /v1/nowhere HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nunread..."
    with connected(url, 1) as (connection,):
        everything = LIVE + elsewhere + b"\r\n" + body + chunked + LIVE
        for start in range(0, len(everything), 7):
            connection.sendall(everything[start : start + 7])
        first, second, third, fourth, last = read_statuses(connection, 5)
    assert (first, second, last) == (200, 404, 200)
    # 503 without a model server, or 415 if the model's input is already known.
    assert third == fourth
    assert third in {415, 503}


def test_clients_that_do_not_read_responses_block_nobody_else(
    running: tuple[Program, httpx.URL],
) -> None:
    _, url = running
    count = 60  # About 100 kB each: more than the kernel buffers for a connection.
    with connected(url, 40) as greedy, connected(url, 1) as (quick,):
        for connection in greedy:
            connection.sendall(b"GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n" * count)
        for _ in range(20):
            quick.sendall(LIVE)
            assert read_statuses(quick, 1) == [200]
        assert read_statuses(greedy[0], count) == [200] * count


def test_a_request_to_an_unknown_path_is_answered_before_its_body(
    running: tuple[Program, httpx.URL],
) -> None:
    _, url = running
    with connected(url, 2) as (awaited, nowhere):
        awaited.sendall(UPLOAD + b"Content-Length: 900\r\n\r\nx")
        nowhere.sendall(b"POST /nowhere HTTP/1.1\r\nHost: x\r\nContent-Length: 900\r\n\r\nx")
        assert select.select([awaited, nowhere], [], [], 20)[0] == [nowhere]
        assert read_statuses(nowhere, 2) == [404]


def test_the_body_is_awaited_for_every_spelling_of_the_path(
    running: tuple[Program, httpx.URL],
) -> None:
    for path in (b"//v1/models/clothing:classify", b"/%761/models/clothing:classify"):
        with connected(running[1], 1) as (connection,):
            head = b"POST " + path + b" HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n"
            connection.sendall(head)
            assert not select.select([connection], [], [], 0.5)[0]
            connection.sendall(b"a photo..")
            assert read_statuses(connection, 1) == [503]


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"POST /v1/nowhere HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 404),
        (UPLOAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n", 400),
        (UPLOAD + b"Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n" + b"a:\r\n" * 99999, 400),
        (UPLOAD + b"X: " + b"x" * 70_000, 431),
        (UPLOAD + b"X: " + b"x" * 70_000 + b"\r\n\r\n", 431),
    ],
    ids=["bad chunk elsewhere", "bad chunk", "trailers", "unfinished headers", "huge headers"],
)
def test_a_malformed_request_gets_one_response(
    running: tuple[Program, httpx.URL], request_: bytes, status: int
) -> None:
    _, url = running
    with connected(url, 1) as (connection,):
        connection.sendall(request_ + LIVE)
        connection.shutdown(socket.SHUT_WR)
        assert read_statuses(connection, 3) == [status]


def test_a_script_name_header_is_ignored(running: tuple[Program, httpx.URL]) -> None:
    _, url = running
    with connected(url, 1) as (connection,):
        connection.sendall(b"GET /livez HTTP/1.1\r\nHost: x\r\nSCRIPT_NAME: /x\r\n\r\n")
        assert read_statuses(connection, 1) == [200]


def test_many_small_chunks_are_read_in_time(
    running: tuple[Program, httpx.URL],
) -> None:
    _, url = running
    with connected(url, 1) as (connection,):
        chunks = b"1\r\nx\r\n" * 40_000 + b"0\r\n\r\n"
        connection.sendall(UPLOAD + b"Transfer-Encoding: chunked\r\n\r\n" + chunks)
        assert read_statuses(connection, 1)[0] in {415, 503}


def test_uploads_without_an_api_key_reserve_no_memory(tmp_path: Path) -> None:
    keys = tmp_path / "keys"
    key, digest = new_key()
    keys.write_text(digest)
    settings = {"api_keys_file": str(keys), "max_upload_bytes": "300000", "workers": "1"}
    settings["upload_seconds"] = "60"  # Longer than the test waits for a response.
    head = UPLOAD + b"Content-Length: 250000\r\n"
    with (
        gateway("127.0.0.1:1", tmp_path / "log", **settings) as (_, url),
        connected(httpx.URL(url), 5) as strangers,
    ):
        for connection in strangers:
            connection.sendall(head + b"\r\n" + b"x" * 40_000)
        assert [read_statuses(connection, 1) for connection in strangers] == [[401]] * 5
        upload = head + b"Authorization: Bearer " + key.encode() + b"\r\n\r\n" + b"x" * 250_000

        def status() -> int:
            with connected(httpx.URL(url), 1) as (known,):  # A refused upload ends its connection.
                known.sendall(upload)
                return read_statuses(known, 1)[0]

        # Their memory is released right after their responses.
        wait_until(lambda: status() in {415, 503})


def test_expect_100_continue_is_answered(running: tuple[Program, httpx.URL]) -> None:
    _, url = running
    head = UPLOAD + b"Expect: 100-continue\r\nContent-Length: %d\r\n\r\n"
    with connected(url, 2) as (accepted, too_large):
        accepted.sendall(head % 5)
        assert read_statuses(accepted, 1) == [100]
        accepted.sendall(b"hello")
        assert read_statuses(accepted, 1)[0] in {415, 503}
        too_large.sendall(head % (MAX_BODY_BYTES + 1))
        assert read_statuses(too_large, 1) == [413]


def test_unfinished_uploads_share_bounded_memory(running: tuple[Program, httpx.URL]) -> None:
    program, url = running
    (worker,) = psutil.Process(program.process.pid).children()
    upload = UPLOAD + b"Content-Length: %d\r\n\r\n" % MAX_BODY_BYTES + b"x" * (MAX_BODY_BYTES - 1)
    with connected(url, 20) as many:
        before = worker.memory_info().rss
        for connection in many:
            connection.sendall(upload)
        statuses = [read_statuses(connection, 1)[0] for connection in many]
        grown = worker.memory_info().rss - before
    assert set(statuses) == {408, 429}  # Kept until their time ran out, or refused.
    assert grown < 10 * MAX_UPLOAD_BYTES
    with connected(url, 1) as (connection,):  # The memory has been released.
        connection.sendall(upload + b"x")
        assert read_statuses(connection, 1)[0] in {415, 503}


def test_closed_connections_are_released(running: tuple[Program, httpx.URL]) -> None:
    program, url = running
    (worker,) = psutil.Process(program.process.pid).children()
    wait_until(lambda: len(worker.net_connections("tcp")) < 5)
    before = len(worker.net_connections("tcp"))
    with connected(url, 50) as many:
        for connection in many:
            connection.sendall(LIVE)
            assert read_statuses(connection, 1) == [200]
    wait_until(lambda: len(worker.net_connections("tcp")) <= before)


def test_idle_connections_are_closed_to_accept_new_ones(tmp_path: Path) -> None:
    settings = {"workers": "1", "max_connections": "20"}
    with gateway("127.0.0.1:1", tmp_path / "log", **settings) as (program, url):
        (worker,) = psutil.Process(program.process.pid).children()
        # The connection by which `gateway` waited for its start would be one too many.
        wait_until(lambda: {each.status for each in worker.net_connections("tcp")} == {"LISTEN"})
        with connected(httpx.URL(url), 20) as idle:
            for connection in idle:
                connection.sendall(LIVE)
                assert read_statuses(connection, 1) == [200]
            with connected(httpx.URL(url), 5) as newer:
                for connection in newer:
                    connection.sendall(LIVE)
                    assert read_statuses(connection, 1) == [200]
            assert read_statuses(idle[0], 1) == []  # The connection that was idle the longest.
