"""Names of the files that people send instead of photos, recognised by their first bytes."""

import re
import struct
from typing import NamedTuple

_HEAD = 1024  # bytes in which text is recognised
_JUNK = 64  # bytes before a JPEG, as scripts leave them
_DNG_VERSION, _SUBFILE_TYPE, _SUB_DIRECTORIES = 50706, 254, 330  # TIFF/EP, DNG 1.7
_REDUCED = 1


class FileName(NamedTuple):
    """What a file is.

    Attributes:
        name: with its article, as in "a PDF document".
        image: whether it is an image, of a format that is not accepted.
        advice: what to do instead.
    """

    name: str
    image: bool
    advice: str


_EXPORT = "Export it as JPEG or PNG."
_RAW = FileName("a camera's raw file", True, "Send the JPEG that the camera made, or export one.")
_VIDEO = FileName("a video", False, "Send a single frame of it, as JPEG.")
_JPEG_2000 = FileName("a JPEG 2000 image", True, _EXPORT)
_JPEG_XL = FileName("a JPEG XL image", True, _EXPORT)
_HTML = FileName("an HTML page", False, "Check the address that the photo was downloaded from.")
_ZIP = FileName("a ZIP archive", False, "Send the photos in it.")

_STARTS = (
    (b"\xff\x0a", _JPEG_XL),
    (b"\0\0\0\x0cJXL \r\n\x87\n", _JPEG_XL),
    (b"\0\0\0\x0cjP  \r\n\x87\n", _JPEG_2000),
    (b"\xff\x4f\xff\x51", _JPEG_2000),
    (b"\0\0\x01\0", FileName("an icon (ICO)", True, _EXPORT)),
    (b"8BPS", FileName("a Photoshop file (PSD)", True, _EXPORT)),
    (b"II+\0", FileName("a BigTIFF image", True, "Save it as an ordinary TIFF.")),
    (b"MM\0+", FileName("a BigTIFF image", True, "Save it as an ordinary TIFF.")),
    (b"IIRO", _RAW),
    (b"IIRS", _RAW),
    (b"MMOR", _RAW),
    (b"IIU\0", _RAW),
    (b"FUJIFILMCCD-RAW", _RAW),
    (b"%PDF-", FileName("a PDF document", False, "Export its page or picture as JPEG.")),
    (b"PK\x03\x04", _ZIP),
    (b"PK\x05\x06", _ZIP),
    (b"\x1f\x8b", FileName("a gzip archive", False, "Send the photo that is in it.")),
    (b"\x1a\x45\xdf\xa3", _VIDEO),
    (b"\0\0\x01\xba", _VIDEO),
)
_TEXTS = (
    (
        rb"(<\?xml\b.*?)?(<!--.*?-->\s*)*(<!DOCTYPE svg\b.*?)?<svg\b",
        FileName("an SVG drawing", True, _EXPORT),
    ),
    (rb"<!doctype html\b|<html\b|<head\b|<body\b", _HTML),
    (rb"data:image/", FileName("a data: URL", False, "Decode its base64 and send the bytes.")),
    (
        rb"/9j/|iVBORw0KGgo|UklGR|R0lGOD",
        FileName("a photo in base64", False, "Decode it and send the bytes, or send JSON."),
    ),
    (
        rb"[\[{]\s*[\"\[{\]}0-9]",
        FileName("JSON", False, "Send it with Content-Type: application/json."),
    ),
)


def file_name(encoded: bytes) -> FileName | None:
    """Return what a file is that is not an image of a known format; None: not recognised."""
    for start, name in _STARTS:
        if encoded.startswith(start):
            return name
    if encoded[4:8] == b"ftyp":
        return _RAW if encoded[8:12] == b"crx " else _VIDEO
    if encoded[4:8] in (b"moov", b"mdat") or (encoded[:4], encoded[8:12]) == (b"RIFF", b"AVI "):
        return _VIDEO
    text = encoded[:_HEAD].removeprefix(b"\xef\xbb\xbf").lstrip()
    for pattern, name in _TEXTS:
        if re.match(pattern, text, re.IGNORECASE | re.DOTALL):
            return name
    junk = encoded.find(b"\xff\xd8\xff", 0, _JUNK)
    if junk > 0:
        advice = "Send it without them: often a script prints a line before the photo."
        return FileName(f"a JPEG behind {junk} bytes that do not belong to it", False, advice)
    return None


def readable_start(encoded: bytes) -> str:
    """Return how a file begins, for people: its text, or its bytes in hexadecimal."""
    start = encoded[:8]
    text = " ".join(start.decode("ascii", "replace").split())  # Without line breaks.
    return f'"{text}"' if text and text.isprintable() and text.isascii() else start.hex(" ")


def is_camera_raw(encoded: bytes) -> bool:
    """Return whether a TIFF is a camera's raw file: CR2, DNG, or NEF, ARW and their like.

    Their first directory is of a small preview; the photo is in others, in the camera's own coding.
    """
    if encoded[8:10] == b"CR":
        return True
    order = "<" if encoded[:2] == b"II" else ">"
    try:
        (at,) = struct.unpack_from(f"{order}I", encoded, 4)
        (entries,) = struct.unpack_from(f"{order}H", encoded, at)
        directory = encoded[at + 2 : at + 2 + 12 * min(entries, 1000)]
        directory = directory[: len(directory) // 12 * 12]
        tags = {tag: value for tag, _, _, value in struct.iter_unpack(f"{order}HHI4s", directory)}
    except struct.error:
        return False
    (subfile,) = struct.unpack(f"{order}I", tags.get(_SUBFILE_TYPE, bytes(4)))
    return _DNG_VERSION in tags or (_SUB_DIRECTORIES in tags and bool(subfile & _REDUCED))


def camera_raw() -> FileName:
    """Return the name of a camera's raw file."""
    return _RAW
