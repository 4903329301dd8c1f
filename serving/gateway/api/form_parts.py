"""The parts of a multipart form (RFC 2046, section 5.1; RFC 7578), found in a body in memory."""

import base64
import re
from collections.abc import Iterator
from dataclasses import dataclass

from werkzeug.http import parse_options_header

from serving.http_errors import MalformedRequest

MAX_PART_HEADERS = 16_384
"""Bytes of one part's headers, which are slow to parse."""

# Each takes time, and a boundary is chosen so that it does not stand in the photos.
_MAX_BOUNDARIES = 10_000
_BLANK_LINE = re.compile(rb"\r?\n\r?\n|\r\r")
_CONTINUED = re.compile(rb"(?:\r\n|\r|\n)[ \t]+")
_LINE_END = re.compile(rb"[ \t]{0,100}(\r\n|\n|\r|\Z)")
_BOUNDARY = re.compile(r';\s*boundary\s*=\s*(?:"((?:\\.|[^"\\])+)"|([^;]*))', re.IGNORECASE)
_PLAIN = {"", "7bit", "8bit", "binary"}


@dataclass(frozen=True)
class Part:
    """One part of a form.

    Attributes:
        field: the name of its field.
        file: its file name; "" if a browser's file field was left empty, None if it has none.
        kind: its media type, in lower case; "" if it has none.
        body: its bytes, decoded if it was sent in base64.
    """

    field: str
    file: str | None
    kind: str
    body: bytes


def form_boundary(content_type: str) -> bytes:
    """Return the boundary that a Content-Type names; b"" if none.

    Many clients leave out the quotes that RFC 2046 demands around "=", ":", "/" or a space.
    """
    found = _BOUNDARY.search(content_type)
    if not found:
        return b""
    boundary = re.sub(r"\\(.)", r"\1", found[1]) if found[1] else found[2].strip()
    return boundary.encode("latin-1", "replace")


def form_parts(body: bytes, boundary: bytes) -> Iterator[Part]:
    """Yield the parts of a form, in its order.

    Lines may end in CRLF, as RFC 2046 demands, or in LF or CR alone. A boundary counts only where
    it is a line of its own, so a photo may have the same bytes elsewhere.

    Raises:
        MalformedRequest: it is not such a form.
    """
    if not boundary:
        raise MalformedRequest(
            "Content-Type is multipart/form-data without its boundary. Don't set Content-Type"
            " yourself: what builds the form sets it, boundary included."
        )
    begin, number = None, 0
    for start, end, last in _boundaries(body, b"--" + boundary):
        if begin is not None:
            number += 1
            yield _part(body, begin, start, number)
        begin = end
        if last:
            return
    if begin is None:
        raise MalformedRequest(
            "The multipart form has no line with the boundary that Content-Type names,"
            f" '--{boundary[:70].decode('latin-1')}'. Don't set Content-Type yourself: what builds"
            " the form sets it."
        )
    raise MalformedRequest(
        f"The multipart form is not complete: after part {number + 1} there is no boundary."
        f" Its last line has to be '--{boundary[:70].decode('latin-1')}--'."
    )


def _boundaries(body: bytes, mark: bytes) -> Iterator[tuple[int, int, bool]]:
    """Yield where the line break before each boundary begins and that after it, and if it ends."""
    position = 0
    for _ in range(_MAX_BOUNDARIES):
        start = body.find(mark, position)
        if start < 0:
            return
        position = start + len(mark)
        if start and body[start - 1] not in b"\r\n":
            continue
        last = body.startswith(b"--", position)
        line_end = _LINE_END.match(body, position)
        if not last and line_end is None:
            continue  # A longer line that begins in the same way.
        break_length = 2 if body[max(0, start - 2) : start] == b"\r\n" else min(1, start)
        yield start - break_length, line_end.start(1) if line_end else position, last
    raise MalformedRequest(
        f"The boundary of the multipart form stands in it {_MAX_BOUNDARIES:,} times or more. Choose"
        " one that is not in the photos."
    )


def _part(body: bytes, begin: int, end: int, number: int) -> Part:
    """Return the part between two boundaries, of which the first is followed by a line break."""
    blank = _BLANK_LINE.search(body, begin, min(max(begin, end), begin + MAX_PART_HEADERS))
    if blank is None and begin + MAX_PART_HEADERS < end:
        raise MalformedRequest(
            f"The headers of part {number} of the multipart form do not end within"
            f" {MAX_PART_HEADERS:,} bytes."
        )
    # The line break before the boundary may be the second of the blank line: the part is empty.
    head_end, content = (blank.start(), blank.end()) if blank else (max(begin, end), end)
    headers = _headers(body[begin:head_end])
    disposition = headers.get(b"content-disposition")
    if disposition is None:
        raise MalformedRequest(
            f"Part {number} of the multipart form has no header Content-Disposition. It has to be"
            ' \'Content-Disposition: form-data; name="photo"; filename="photo.jpg"\'.'
        )
    _, options = parse_options_header(_text(disposition))
    kind = _text(headers.get(b"content-type", b"")).partition(";")[0]
    if kind.strip().lower().startswith("multipart/"):
        raise MalformedRequest(
            f"Part {number} of the multipart form holds parts of its own ({kind.strip()[:40]})."
            " Send each photo as a part of the form itself."
        )
    encoding = _text(headers.get(b"content-transfer-encoding", b"")).lower()
    encoded = body[content:end]
    return Part(
        options.get("name", ""),
        options.get("filename"),
        kind.strip().lower(),
        encoded if encoding in _PLAIN else _decoded(encoded, encoding, number),
    )


def _headers(head: bytes) -> dict[bytes, bytes]:
    lines = _CONTINUED.sub(b" ", head).splitlines() if head else []
    pairs = (line.partition(b":") for line in lines)
    return {name.strip().lower(): value.strip() for name, _, value in pairs}


def _text(value: bytes) -> str:
    """Return a header's value: UTF-8 (RFC 7578, section 5.1), else what old programs write."""
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.decode("cp1252", "replace")


def _decoded(encoded: bytes, encoding: str, number: int) -> bytes:
    if encoding != "base64":
        raise MalformedRequest(
            f"Part {number} of the multipart form has the Content-Transfer-Encoding"
            f" {encoding[:40]!r}. Leave that header out and send the file's bytes as they are."
        )
    try:
        return base64.b64decode(encoded.translate(None, b" \t\r\n"), validate=True)
    except ValueError as error:
        raise MalformedRequest(
            f"Part {number} of the multipart form has the Content-Transfer-Encoding base64, but is"
            f" not base64 ({error})."
        ) from error
