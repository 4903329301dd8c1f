"""Requests that are hostile regardless of their photos: forms and JSON."""

import base64
import json
from collections.abc import Callable

from benchmarks.hostile_uploads.bombs import seed_photo

BOUNDARY = "hostile"
FORM = f"multipart/form-data; boundary={BOUNDARY}"
JSON = "application/json"


def form(parts: list[tuple[str, bytes]]) -> bytes:
    """Return a form of parts, each given by its headers and body."""
    encoded = (f"--{BOUNDARY}\r\n{head}\r\n\r\n".encode() + body + b"\r\n" for head, body in parts)
    return b"".join(encoded) + f"--{BOUNDARY}--\r\n".encode()


def file_head(name: str, more: str = "") -> str:
    """Return the headers of a file part."""
    return f'Content-Disposition: form-data; name="p"; filename="{name}"{more}'


def _photo() -> bytes:
    return seed_photo("JPEG", (64, 48))


def _nested() -> bytes:
    inner = form([(file_head("a.jpg"), _photo())])
    return form([(f"{file_head('b')}\r\nContent-Type: {FORM}", inner)])


def _images(b64: str) -> bytes:
    return json.dumps({"images": [{"b64": b64}]}).encode()


REQUESTS: dict[str, tuple[str, Callable[[], bytes]]] = {
    "form of 10,000 parts": (FORM, lambda: form([(file_head("a.jpg"), b"x")] * 10_000)),
    "form of 300,000 empty parts": (FORM, lambda: f"--{BOUNDARY}\r\n\r\n".encode() * 300_000),
    "form in a form": (FORM, _nested),
    "form with a header of 5 MB": (
        FORM,
        lambda: form([(file_head("a.jpg", f"\r\nX: {'a' * 5_000_000}"), _photo())]),
    ),
    "form with 100,000 headers": (
        FORM,
        lambda: form([(file_head("a.jpg", "\r\nX: y" * 100_000), _photo())]),
    ),
    "form with 100,000 parameters": (
        FORM,
        lambda: form([(file_head("a.jpg", "; a=b" * 100_000), _photo())]),
    ),
    "form with a name of 1 MB": (FORM, lambda: form([(file_head("a" * 1_000_000), _photo())])),
    "form with an encoded name of 9 MB": (
        FORM,
        lambda: form([(file_head("a", "; filename*=utf-8''" + "%41" * 3_000_000), _photo())]),
    ),
    "form with 2,500,000 headers": (
        FORM,
        lambda: form([(file_head("a.jpg", "\r\nX: y" * 2_500_000), _photo())]),
    ),
    "form with a name of control characters": (
        FORM,
        lambda: form([(file_head("\x00\x01\x1b[2J\u202e\ud7ff\x7f.jpg"), _photo())]),
    ),
    "form with an encoded name": (
        FORM,
        lambda: form([(file_head("a", "; filename*=utf-8''%ff%00%0d%0a%1b"), _photo())]),
    ),
    "form of line ends": (FORM, lambda: f"--{BOUNDARY}\r\n".encode() + b"\r\n" * 5_000_000),
    "form of almost boundaries": (
        FORM,
        lambda: form([(file_head("a.jpg"), f"\r\n--{BOUNDARY[:-1]}".encode() * 1_000_000)]),
    ),
    "form without a boundary": ("multipart/form-data", lambda: form([(file_head("a"), b"x")])),
    "form with a boundary of 100 kB": (
        f"multipart/form-data; boundary={'a' * 6000}",
        lambda: form([(file_head("a"), b"x")]),
    ),
    "JSON, nested 1,000,000 deep": (JSON, lambda: b'{"images": ' + b"[" * 1_000_000),
    "JSON, objects nested 500,000 deep": (JSON, lambda: b'{"images": ' + b'{"a":' * 500_000),
    "JSON with a number of 5 million digits": (
        JSON,
        lambda: b'{"images": [' + b"9" * 5_000_000 + b"]}",
    ),
    "JSON with 4,000-digit numbers": (
        JSON,
        lambda: b'{"images": [' + b",".join([b"9" * 4_000] * 4_000) + b"]}",
    ),
    "JSON with NaN and infinities": (JSON, lambda: b'{"images": [NaN, Infinity, -1e999]}'),
    "JSON of 2 million keys": (
        JSON,
        lambda: b"{" + b",".join(b'"%d":0' % i for i in range(1_500_000)) + b"}",
    ),
    "JSON of the same key": (
        JSON,
        lambda: b"{" + b'"images": [],' * 1_000_000 + b'"images": [{"b64": 1}]}',
    ),
    "JSON of 6 million empty lists": (JSON, lambda: b'{"images": [' + b"[]," * 6_000_000 + b"0]}"),
    "JSON with spaces in its base64": (
        JSON,
        lambda: _images(" \n".join(base64.b64encode(_photo()).decode())),
    ),
    "JSON with base64 of spaces": (JSON, lambda: _images(" " * 10_000_000)),
    "JSON with base64 of other letters": (JSON, lambda: _images("\u00e9" * 1_000_000)),
    "JSON with half a surrogate": (JSON, lambda: b'{"images": [{"b64": "\\ud800"}]}'),
    "JSON in UTF-16": (JSON, lambda: '{"images": [{"b64": ""}]}'.encode("utf-16")),
    "JSON in UTF-32": (JSON, lambda: b"\0\0\0[" * 4_000_000),
    "JSON that is not text": (JSON, lambda: b"\xff\xfe\xfa" * 1_000_000),
}
