"""What decoding a JPEG will cost, read from its markers without decoding anything.

Markers: ITU-T T.81, annex B. A progressive JPEG visits every block of a component once for each
scan, and a scan that changes nothing takes a few bytes: 0.5 MB can hold minutes of work.
"""

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

from serving.photos.errors import DamagedPhoto, TooCostly, UnsupportedFormat, too_many
from serving.photos.formats_and_limits import PhotoLimits
from serving.photos.headers.declaration import Declaration

# Huffman coding only: decoding arithmetic coding takes seconds, and no browser shows it.
_SEQUENTIAL, _PROGRESSIVE = {0xC0, 0xC1}, {0xC2}
_FRAMES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}
SOS, EOI = 0xDA, 0xD9
_WITHOUT_PAYLOAD = {0x00, 0x01, 0xC8, *range(0xD0, 0xDA), *range(0xF0, 0xFE)}
_NEXT_MARKER = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")  # After the coded data of a scan.
_BLOCK = 8  # pixels
# Pillow reads these in a Python loop:
_MAX_TABLE_BYTES = 65_536  # of quantization tables; usual: 260
_MAX_RESOURCES = 20_000  # of Photoshop
_MAX_JUNK = 65_536  # bytes between markers
_EXIF, _PROFILE = "bytes of EXIF data", "bytes of colour profile"
_TABLES, _RESOURCES = "bytes of quantization tables", "Photoshop resources"
_COUNTED = {  # By marker: how its payload begins, and what is counted.
    0xDB: (b"", _TABLES),
    0xE1: (b"Exif\0\0", _EXIF),
    0xE2: (b"ICC_PROFILE\0", _PROFILE),
    0xED: (b"Photoshop 3.0\0", _RESOURCES),
}


@dataclass
class Header:
    """What the markers before the first scan declare."""

    size: tuple[int, int] = (0, 0)
    frame: int | None = None
    sampling: list[tuple[int, int]] = field(default_factory=list)
    scanned: int = 0  # components of the first scan
    scans_at: int = 0

    def has_several_scans(self) -> bool:
        """Return whether the decoder collects coefficients over several scans."""
        return self.frame in _PROGRESSIVE or self.scanned < len(self.sampling)

    def coefficients(self) -> int:
        """Return how many coefficients all components have, padded to whole blocks."""
        across, down = (max(each) for each in zip(*self.sampling, strict=True))
        columns = -(-self.size[0] // (_BLOCK * across))
        rows = -(-self.size[1] // (_BLOCK * down))
        return sum(columns * h * rows * v * _BLOCK**2 for h, v in self.sampling)


def inspect_jpeg(encoded: bytes, limits: PhotoLimits) -> Declaration:
    """Check a JPEG against the limits and return what it declares.

    Raises:
        DamagedPhoto: there is no frame or no scan.
        UnsupportedFormat: it is coded in a way that is not used for photos.
        TooCostly: too many scans, segments or coefficients, or too large metadata.
    """
    header = _read_header(encoded, limits)
    if header.frame not in _SEQUENTIAL | _PROGRESSIVE:
        raise UnsupportedFormat(
            "This JPEG is lossless, hierarchical or arithmetically coded; only baseline and"
            " progressive ones are accepted. Re-save it as an ordinary JPEG."
        )
    if not header.has_several_scans():
        return Declaration(header.size)
    _check_scans(encoded, header, limits)
    # Without its end it is decoded three times, to see whether pixels are missing.
    decodes = 1 if encoded.rfind(b"\xff\xd9", header.scans_at) >= 0 else 3
    return Declaration(header.size, decodes * header.coefficients() > limits.worker_coefficients)


def _check_scans(encoded: bytes, header: Header, limits: PhotoLimits) -> None:
    coefficients = header.coefficients()
    if coefficients > limits.max_coefficients:
        width, height = header.size
        raise TooCostly(
            f"The JPEG has several scans and {width}×{height} pixels, so {coefficients:,}"
            f" coefficients; at most {limits.max_coefficients:,} are accepted. Send a baseline"
            " JPEG or a smaller copy."
        )
    scans = encoded.count(b"\xff\xda", header.scans_at)  # An upper bound.
    if scans > limits.max_scans:  # More images may follow this one: count precisely.
        scans = _count_scans(encoded, header.scans_at, limits)
    if scans > limits.max_scans:
        raise TooCostly(
            f"The JPEG has more than {limits.max_scans} scans, the maximum. Send a baseline JPEG,"
            " or an ordinary progressive one (about 10 scans)."
        )


def _count_scans(encoded: bytes, position: int, limits: PhotoLimits) -> int:
    """Count the scans up to the end of the image, or until there are too many."""
    scans, segments = 0, 0
    while scans <= limits.max_scans and (found := _NEXT_MARKER.search(encoded, position)):
        code, position = encoded[found.end() - 1], found.end()
        if code == EOI:
            break
        segments += 1
        if segments > limits.max_jpeg_segments:
            raise too_many("JPEG", "segments", limits.max_jpeg_segments)
        scans += code == SOS
        if code not in _WITHOUT_PAYLOAD:
            position += int.from_bytes(encoded[position : position + 2], "big")
    return scans


def _read_header(encoded: bytes, limits: PhotoLimits) -> Header:
    header = Header()
    counts = dict.fromkeys((_EXIF, _PROFILE, _TABLES, _RESOURCES), 0)
    maxima = {
        _EXIF: limits.max_exif_bytes,
        _PROFILE: limits.max_profile_bytes,
        _TABLES: _MAX_TABLE_BYTES,
        _RESOURCES: _MAX_RESOURCES,
    }
    for segments, (code, start, end) in enumerate(markers(encoded), 1):
        payload = encoded[start + 4 : end]
        if segments > limits.max_jpeg_segments:
            raise too_many("JPEG", "segments", limits.max_jpeg_segments)
        if code in _FRAMES:
            _read_frame(header, code, payload)
        elif code == SOS:
            header.scanned, header.scans_at = max(1, payload[0] if payload else 0), start
        elif code == EOI:
            raise _damaged("no scan")
        elif code in _COUNTED and payload.startswith(_COUNTED[code][0]):
            what = _COUNTED[code][1]
            counts[what] += payload.count(b"8BIM") if what == _RESOURCES else len(payload)
            if counts[what] > maxima[what]:
                raise too_many("JPEG", what, maxima[what])
    if header.frame is None:
        raise _damaged("no frame")
    return header


def markers(encoded: bytes) -> Iterator[tuple[int, int, int]]:
    """Yield the code, start and end of each segment up to the first scan's header.

    Fill bytes and junk between them are skipped, as by Pillow and libjpeg.

    Raises:
        DamagedPhoto: there is no scan.
    """
    code, end = 0, 2
    while code != SOS:
        code, start, end = _next_segment(encoded, end)
        yield code, start, end


def _next_segment(encoded: bytes, position: int) -> tuple[int, int, int]:
    start = encoded.find(b"\xff", position, position + _MAX_JUNK)
    code_at = start + 1
    while code_at - position < _MAX_JUNK and encoded[code_at : code_at + 1] == b"\xff":
        code_at += 1
    code = encoded[code_at : code_at + 1]
    if start < 0 or not code or code == b"\xff":
        raise _damaged("no scan")
    if code[0] in _WITHOUT_PAYLOAD:
        return code[0], code_at - 1, code_at + 1
    length = int.from_bytes(encoded[code_at + 1 : code_at + 3], "big")
    end = code_at + 1 + length
    if length < 2 or end > len(encoded):
        raise _damaged("a segment is cut off")
    return code[0], code_at - 1, end


def _read_frame(header: Header, code: int, payload: bytes) -> None:
    if header.frame is not None:
        raise _damaged("more than one frame")
    if len(payload) < 6:
        raise _damaged("no valid frame")
    _, height, width, components = struct.unpack_from(">BHHB", payload)
    header.frame, header.size = code, (width, height)
    header.sampling = [(each >> 4, each & 15) for each in payload[7 : 6 + 3 * components : 3]]
    factors = {factor for pair in header.sampling for factor in pair}
    if not components or len(header.sampling) != components or not factors <= {1, 2, 3, 4}:
        raise _damaged("no valid frame")


def _damaged(what: str) -> DamagedPhoto:
    return DamagedPhoto(f"The headers of the JPEG can't be read: {what}. Send an intact file.")
