"""Metrics over HTTP, and what is none."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from training.errors import TrainingError
from training.judging.live import read_metrics


@contextmanager
def answering(status: int, body: bytes) -> Iterator[str]:
    """Serve one answer to everything; yield the URL."""

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


def test_metrics_come_over_http_or_from_a_file(tmp_path: Path) -> None:
    text = "photolabel_photos_total 1\n"
    with answering(200, text.encode()) as url:
        assert read_metrics(url) == text
    (tmp_path / "metrics").write_text(text)
    assert read_metrics(str(tmp_path / "metrics")) == text


@pytest.mark.parametrize(
    ("status", "body", "told"),
    [
        (404, b"", "404 Not Found; with PHOTOLABEL_METRICS_BIND they are on a port of their own"),
        (503, b"", "503 Service Unavailable"),
        (200, b"\xff\xfe\x00", "it is no text"),
    ],
)
def test_other_answers_are_told(status: int, body: bytes, told: str) -> None:
    with answering(status, body) as url, pytest.raises(TrainingError, match=told) as raised:
        read_metrics(url)
    assert url in str(raised.value)
    assert "\n" not in str(raised.value)


def test_nobody_there(tmp_path: Path) -> None:
    with answering(200, b"") as url:
        pass
    for place in (url, str(tmp_path), "nowhere.txt", "http://[", "http://127.0.0.1:x/"):
        with pytest.raises(TrainingError) as raised:
            read_metrics(place)
        assert str(raised.value).startswith(f"no metrics from {place}: ")
        assert "\n" not in str(raised.value)
