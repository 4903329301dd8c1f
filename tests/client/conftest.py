"""A fake gateway on a real socket, which returns the responses that a test prepares."""

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest


@dataclass
class Received:
    """One request as it arrived."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    peer: tuple[str, int] = ("", 0)

    def file_names(self) -> list[str]:
        """Return the file names of the parts of a form."""
        pieces = self.body.split(b'filename="')[1:]
        return [piece.split(b'"', 1)[0].decode() for piece in pieces]


@dataclass
class FakeGateway:
    """Answers each request with the next of `replies`, and repeats the last one.

    A reply with status 0 closes the connection without a response.
    """

    url: str = ""
    replies: list[tuple[int, dict[str, str], bytes]] = field(default_factory=list)
    received: list[Received] = field(default_factory=list)

    def reply(self, status: int, document: Any, **headers: str) -> None:
        """Add a reply: a JSON document, or bytes as they are."""
        body = document if isinstance(document, bytes) else json.dumps(document).encode()
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.replies.append((status, {"Content-Type": "application/json", **named}, body))

    def take(self, request: Received) -> tuple[int, dict[str, str], bytes]:
        """Record a request and return its reply: by default, a prediction for each photo."""
        self.received.append(request)
        if self.replies:
            return self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]
        return 200, {}, json.dumps(answer_to(request.file_names())).encode()


def answer_to(names: list[str]) -> dict[str, Any]:
    """Return the API's JSON for photos with these names: each is 75% cat."""
    classes = [{"label": "cat", "probability": 0.75}, {"label": "dog", "probability": 0.25}]
    prediction = {"label": "cat", "probability": 0.75, "probabilities": classes}
    predictions = [{"image": name, **prediction} for name in names]
    return {"model": "cats-dogs", "version": 3, "predictions": predictions}


@pytest.fixture
def gateway() -> Iterator[FakeGateway]:
    fake = FakeGateway()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _serve(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            status, headers, content = fake.take(
                Received(
                    *(self.command, self.path, dict(self.headers.items()), body),
                    self.client_address,
                )
            )
            if not status:  # Hang up without an answer.
                self.close_connection = True
                return
            self.send_response(status)
            for name, value in {"Content-Length": str(len(content)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = _serve  # noqa: N815 - the names that http.server calls

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            """Keep the test's output clean."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    fake.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield fake
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hide the machine's proxies and terminal from the tests."""
    for name in (
        "HTTP_PROXY",
        "http_proxy",
        "ALL_PROXY",
        "all_proxy",
        "NO_PROXY",
        "no_proxy",
        "FORCE_COLOR",
        "COLUMNS",
    ):
        monkeypatch.delenv(name, raising=False)
