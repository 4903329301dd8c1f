"""Metrics over HTTP or from a file, and responses that are not metrics."""

import math
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from training.errors import TrainingError
from training.judging.gateway_metrics import live_counts, read_metrics


@contextmanager
def answering(status: int, body: bytes) -> Iterator[str]:
    """Serve the same response to every request; yield the URL."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/metrics"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def sending(*parts: bytes, pause: float = 0.0) -> Iterator[str]:
    """Send these parts to every connection, a pause after each, and close it; yield the URL."""
    listener = socket.create_server(("127.0.0.1", 0))
    stopped = threading.Event()

    def serve() -> None:
        while not stopped.is_set():
            try:
                with listener.accept()[0] as client:
                    client.recv(9999)
                    for part in parts:
                        client.sendall(part)
                        if pause and stopped.wait(pause):
                            return
            except OSError:
                continue

    thread = threading.Thread(target=serve)
    thread.start()
    port = listener.getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}/metrics"
    finally:
        stopped.set()
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()


def refusal(url: str) -> str:
    """Return the error about metrics that can't be read: one printable line."""
    with pytest.raises(TrainingError) as raised:
        read_metrics(url)
    message = str(raised.value)
    assert message.startswith(f"no metrics from {url}: ")
    assert message.isprintable()
    return message


def test_metrics_come_over_http_or_from_a_file(tmp_path: Path) -> None:
    text = "photolabel_photos_total 1\n"
    with answering(200, text.encode()) as url:
        assert read_metrics(url) == text
    (tmp_path / "metrics").write_text(text)
    assert read_metrics(str(tmp_path / "metrics")) == text


@pytest.mark.parametrize(
    ("status", "body", "message"),
    [
        (404, b"", "404 Not Found; with PHOTOLABEL_METRICS_BIND they are on a separate port"),
        (503, b"", "503 Service Unavailable"),
        (200, b"\xff\xfe\x00", "it is not text"),
    ],
)
def test_other_responses_are_reported(status: int, body: bytes, message: str) -> None:
    with answering(status, body) as url, pytest.raises(TrainingError, match=message) as raised:
        read_metrics(url)
    assert url in str(raised.value)
    assert "\n" not in str(raised.value)


def test_unreachable_metrics_are_reported(tmp_path: Path) -> None:
    with answering(200, b"") as url:
        pass
    for source in (url, str(tmp_path), "nowhere.txt", "http://[", "http://127.0.0.1:x/"):
        with pytest.raises(TrainingError) as raised:
            read_metrics(source)
        assert str(raised.value).startswith(f"no metrics from {source}: ")
        assert "\n" not in str(raised.value)


def test_a_truncated_response_is_refused() -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"
    with sending(head + b"photolabel_photos_total 1\n") as url:
        assert "response cut off after 26 of 1,000 bytes" in refusal(url)
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    chunk = b"1a\r\nphotolabel_photos_total 1\n\r\n"
    with sending(head + chunk) as url:
        assert "response cut off" in refusal(url)
    with sending(head + chunk + b"0\r\n\r\n") as url:
        assert read_metrics(url) == "photolabel_photos_total 1\n"


def test_a_response_that_is_too_large_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("training.judging.gateway_metrics._MAX_BYTES", 2**20)
    line = b"# 3456789 1234\n"
    with answering(200, line * (2**20 // len(line))) as url:
        assert read_metrics(url)
    with answering(200, line * (2**20 // len(line) + 1)) as url:
        assert "larger than 1 MiB: select only photolabel_confidence_bucket" in refusal(url)


@pytest.mark.parametrize("head", [b"HTTP/1.0 200 OK\r\n\r\n", b"HTTP/1.0 200 OK\r\nX: "])
def test_a_response_that_never_ends_times_out(monkeypatch: pytest.MonkeyPatch, head: bytes) -> None:
    monkeypatch.setattr("training.judging.gateway_metrics._TOTAL_SECONDS", 0.5)
    with sending(head, *[b"#"] * 200, pause=0.05) as url:
        start = time.monotonic()
        assert "takes longer than 0.5 seconds" in refusal(url)
        assert time.monotonic() - start < 5


def test_invalid_http_is_reported_in_one_line() -> None:
    with sending(b"\x00\xff \x1b[31mjunk\r\n\r\n") as url:
        assert "the response is not HTTP: \\x00ÿ \\x1b[31mjunk" in refusal(url)
    head = b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: /metrics\r\n\r\n"
    with sending(head) as url:
        assert "302 The HTTP server returned a redirect error" in refusal(url)


def test_a_url_may_be_in_upper_case() -> None:
    with answering(200, b"photolabel_photos_total 1\n") as url:
        assert read_metrics(url.replace("http", "HTTP")) == "photolabel_photos_total 1\n"


@pytest.mark.parametrize("value", ["+Inf", "NaN", "-1"])
def test_an_invalid_count_is_refused(value: str) -> None:
    series = 'photolabel_confidence_bucket{model="m",version="1",predicted="bag",le='
    text = f'{series}"0.5"}} {value}\n{series}"+Inf"}} 3\n'
    with pytest.raises(TrainingError, match=f"here has {float(value):g} photos in a bin of"):
        live_counts(text, "m", "here")
    found = live_counts(text.replace(f" {value}\n", " 2\n"), "m", "here")
    assert found
    assert math.isclose(found.photos()["1"], 3)
