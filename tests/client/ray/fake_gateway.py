"""A gateway that answers from a photo's bytes: `python fake_gateway.py LOG`, which prints its port.

A photo is the bytes "photo NUMBER" or "bad"; its label is its number modulo ten. One request of 20
is refused with a 429; the others take a tenth of a second. LOG gets the
numbers of the photos that were classified, one a line.
"""

import itertools
import json
import re
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

REQUESTS = itertools.count(1)
LOCK = threading.Lock()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if "/missing" in self.path:
            self.answer(404, {"title": "Unknown model", "status": 404})
            return
        if next(REQUESTS) % 20 == 0:
            self.answer(429, {"title": "Too busy", "status": 429}, {"Retry-After": "0"})
            return
        boundary = self.headers["Content-Type"].partition("boundary=")[2].encode()
        photos = [part.partition(b"\r\n\r\n") for part in body.split(b"--" + boundary)[1:-1]]
        names = [re.findall(rb'filename="([^"]*)"', head)[0].decode() for head, _, _ in photos]
        contents = [content.strip() for _, _, content in photos]
        bad = [n for n, c in zip(names, contents, strict=True) if not c.startswith(b"photo ")]
        if bad:
            errors = [{"image": name, "title": "Not an image"} for name in bad]
            self.answer(415, {"title": "Not an image", "status": 415, "errors": errors})
            return
        time.sleep(0.1)
        with LOCK, Path(sys.argv[1]).open("ab") as log:
            log.write(b"".join(content.split()[1] + b"\n" for content in contents))
        predictions = [
            {"image": n, "label": str(int(c.split()[1]) % 10), "probability": 0.9}
            for n, c in zip(names, contents, strict=True)
        ]
        for each in predictions:
            each["probabilities"] = [{"label": each["label"], "probability": 0.9}]
        self.answer(200, {"model": "clothing", "version": 3, "predictions": predictions})

    def answer(self, status: int, document: object, headers: dict[str, str] | None = None) -> None:
        content = json.dumps(document).encode()
        self.send_response(status)
        for name, value in {**(headers or {}), "Content-Type": "application/json"}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Print nothing."""


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    print(server.server_port, flush=True)
    server.serve_forever()
