"""A fake gateway that fails as a test wants, and folders of photos."""

import hashlib
import json
import random
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

CLASSES = ("Shirt", "T-shirt/top")


@dataclass
class Gateway:
    """Classifies by content: `bad…` is damaged; every other photo has the class of its digest."""

    url: str = ""
    version: int = 3
    failing: float = 0.0  # Share of requests that get 429, 503 or a reset.
    seconds: float = 0.0  # Of each request.
    photos: int = 0
    callers: set[str | None] = field(default_factory=set)
    chance: random.Random = field(default_factory=lambda: random.Random(1))


def prediction(content: bytes) -> dict[str, object]:
    first = hashlib.sha256(content).digest()[0]
    label = CLASSES[first % 2]
    classes = [{"label": label, "probability": 0.5 + first / 512}]
    found = {"label": label, "probability": 0.5 + first / 512, "probabilities": classes}
    return {**found, "recognized": first % 4 != 0}


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    fake = Gateway()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            fake.callers.add(self.headers["X-Client-ID"])
            time.sleep(fake.seconds)
            if "/clothing" not in self.path:
                self._reply(404, {"title": "There is no such model", "status": 404})
                return
            if fake.chance.random() < fake.failing:
                self._fail(fake.chance.choice((0, 429, 503)))
                return
            boundary = self.headers["Content-Type"].partition("boundary=")[2].encode()
            parts = body.split(b"--" + boundary)[1:-1]
            photos = [part.partition(b"\r\n\r\n")[2][:-2] for part in parts]
            bad = [i for i, photo in enumerate(photos) if photo.startswith(b"bad")]
            if bad:
                errors = [{"image": str(i), "detail": "It is damaged."} for i in bad]
                self._reply(422, {"title": "Damaged", "status": 422, "errors": errors})
                return
            fake.photos += len(photos)
            found = [{"image": str(i), **prediction(p)} for i, p in enumerate(photos)]
            document = {"model": "clothing", "version": fake.version, "predictions": found}
            self._reply(200, document)

        def _fail(self, status: int) -> None:
            if status:
                self._reply(status, {"title": "Busy", "status": status})
            self.close_connection = True

        def _reply(self, status: int, document: object) -> None:
            content = json.dumps(document).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Retry-After", "0")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def handle(self) -> None:
            try:
                super().handle()
            except OSError:  # The client was killed.
                return

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    fake.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield fake
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Make a tree of 60 photos; the server only sees their bytes."""
    for number in range(60):
        photo = tmp_path / "photos" / f"{number % 3}" / f"{number}.jpg"
        photo.parent.mkdir(parents=True, exist_ok=True)
        photo.write_bytes(b"photo %d" % number)
    return tmp_path / "photos"
