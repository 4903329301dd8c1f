"""A web server on loopback that publishes files, and misbehaves as it is told."""

import re
import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread


@dataclass
class Publisher:
    """The files of a server and how it serves them.

    Attributes:
        files: the content of each.
        etag: of all files; None: none is sent.
        ranges: whether it can continue a file.
        tears: after how many bytes of a body each of the next responses ends.
        reset: whether a torn connection is reset, instead of closed as if the body were complete.
        statuses: of the next responses, instead of 200 and 206.
        headers: replace those of a response; None: leaves one out.
        release: until it is set, each response stops after its first half.
        requests: the path of each request, and its header Range.
    """

    files: dict[str, bytes] = field(default_factory=dict)
    etag: str | None = '"1"'
    ranges: bool = True
    tears: list[int] = field(default_factory=list)
    reset: bool = False
    statuses: list[int] = field(default_factory=list)
    headers: dict[str, str | None] = field(default_factory=dict)
    release: Event = field(default_factory=Event)
    requests: list[tuple[str, str | None]] = field(default_factory=list)
    url: str = ""


@contextmanager
def serving(publisher: Publisher) -> Iterator[Publisher]:
    """Serve files until the end of the block, at `publisher.url`."""

    publisher.release.set()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            with suppress(ConnectionError):  # A client may be killed.
                _respond(self, publisher)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        publisher.url = f"http://127.0.0.1:{server.server_port}"
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield publisher
        finally:
            publisher.release.set()
            server.shutdown()
            thread.join()


def _respond(request: BaseHTTPRequestHandler, publisher: Publisher) -> None:
    wanted = request.headers.get("Range")
    publisher.requests.append((request.path, wanted))
    content = publisher.files.get(request.path.lstrip("/"))
    status = publisher.statuses.pop(0) if publisher.statuses else 200 if content else 404
    start = 0
    headers: dict[str, str | None] = {"ETag": publisher.etag}
    same = request.headers.get("If-Range") == publisher.etag
    if status == 200 and content and wanted and publisher.ranges and same:
        start = int(re.findall(r"\d+", wanted)[0])
        status = 206 if start < len(content) else 416
        end = f"{start}-{len(content) - 1}" if status == 206 else "*"
        headers["Content-Range"] = f"bytes {end}/{len(content)}"
    body = (content or b"")[start:] if status in (200, 206) else b""
    headers |= {"Content-Length": str(len(body)), "Connection": "close"} | publisher.headers
    request.send_response(status)
    for name, value in headers.items():
        if value is not None:
            request.send_header(name, value)
    request.end_headers()
    if body and publisher.tears:
        body = body[: publisher.tears.pop(0)]
        if publisher.reset:  # Pending bytes are lost as well.
            linger = struct.pack("ii", 1, 0)
            request.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    half = len(body) // 2
    request.wfile.write(body[:half])
    publisher.release.wait()
    request.wfile.write(body[half:])
