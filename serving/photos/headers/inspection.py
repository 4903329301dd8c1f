"""What decoding a photo will cost, read from its bytes without decoding it.

Each function walks the structure of one format, at most as far as the limits go, and returns the
width and height that the header promises. What these can't foretell is not accepted. They judge
costs only: a file whose structure makes no sense is left to the decoder, which refuses it.
"""

import struct
import zlib
from collections.abc import Callable

from serving.photos.errors import DamagedPhoto, TooCostly, TooManyPixels
from serving.photos.headers.icc_profile import inspect_profile
from serving.photos.headers.jpeg import inspect_jpeg
from serving.photos.headers.tiff import inspect_tiff
from serving.photos.limits import PhotoLimits

Size = tuple[int, int]  # width, height

_UNKNOWN = 0, 0
_PNG_TEXTS = {b"tEXt", b"zTXt", b"iTXt", b"iCCP"}
_PNG_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}  # by colour type
_PNG_MAX_TEXT = 1_048_576  # bytes of one text, where Pillow gives up: PngImagePlugin.MAX_TEXT_CHUNK
_MAX_INFLATION = 1032  # bytes out of one of Deflate
_GIF_MAX_BLOCKS = 2_000  # before the image, which Pillow gathers by adding bytes to bytes
_BMP_UNCOMPRESSED = {0, 3, 6}


def inspect(name: str, encoded: bytes, limits: PhotoLimits) -> None:
    """Check what the photo will cost to decode.

    Args:
        name: its format, by Pillow's name.
        encoded: the file's bytes.
        limits: what is accepted.

    Raises:
        TooManyPixels: above the pixels of its format, or too long a side.
        TooCostly: something else in it costs more than is accepted.
        DamagedPhoto, UnsupportedFormat: its header can't be read or is of a rare kind.
    """
    inspector = _INSPECTORS.get(name)
    if inspector is not None:
        check_size(name, inspector(encoded, limits), limits)


def check_size(name: str, size: Size, limits: PhotoLimits) -> None:
    """Check width and height, in pixels, against the limits of the format.

    Raises:
        TooManyPixels: they are above.
    """
    width, height = size
    most = limits.pixels(name)
    if width * height > most:
        raise TooManyPixels(
            f"The photo has {width}×{height} = {width * height:,} pixels; at most {most:,}"
            f" are accepted in a {name} file. Send a smaller copy."
        )
    if max(size) > limits.max_side:
        raise TooManyPixels(
            f"The photo has {width}×{height} pixels; no side may be longer than"
            f" {limits.max_side:,}. Send a smaller copy or a part of it."
        )


def check_metadata(info: dict[str | tuple[int, int], object], limits: PhotoLimits) -> None:
    """Check EXIF data and colour profile, by Pillow's names, before they are parsed.

    Raises:
        TooCostly: they are larger than the limits, or the profile costs more than its bytes.
    """
    raw = info.get("Raw profile type exif")  # Hexadecimal, in a PNG's text.
    exif = max(_length(info.get("exif")), _length(raw) // 2)
    if exif > limits.max_exif_bytes:
        raise _too_large("EXIF data", exif, limits.max_exif_bytes)
    profile = info.get("icc_profile")
    if _length(profile) > limits.max_profile_bytes:
        raise _too_large("colour profile", _length(profile), limits.max_profile_bytes)
    if isinstance(profile, bytes):
        inspect_profile(profile)


def _length(value: object) -> int:
    return len(value) if isinstance(value, bytes | str) else 0


def _inspect_png(encoded: bytes, limits: PhotoLimits) -> Size:
    """Walk the chunks (PNG specification, section 5) up to the end."""
    position, chunks, text = 8, 0, 0
    while position + 8 <= len(encoded):
        length = int.from_bytes(encoded[position : position + 4], "big")
        kind = encoded[position + 4 : position + 8]
        if kind in _PNG_TEXTS:
            text += _inflated(encoded[position + 8 : position + 8 + length], kind)
            if text > limits.max_text_bytes:
                raise _too_large("texts and profile", text, limits.max_text_bytes)
        # Decoders differ in which header they take of several, or behind other chunks.
        if (kind == b"IHDR") != (position == 8):
            raise DamagedPhoto(
                "The PNG image does not begin with its one header chunk (IHDR). Save it anew."
            )
        chunks += 1
        if chunks > limits.max_chunks:
            raise _too_many_chunks("PNG", limits)
        if kind == b"IEND":
            break
        position += 12 + length
    if encoded[12:16] != b"IHDR" or len(encoded) < 33:
        return _UNKNOWN
    width, height = struct.unpack_from(">II", encoded, 16)
    depth, color = encoded[24], encoded[25]
    pixels = width * height * depth * _PNG_CHANNELS.get(color, 1) // 8
    if pixels > limits.max_png_bytes and width * height <= limits.pixels("PNG"):
        raise _too_large("pixels, uncompressed,", pixels, limits.max_png_bytes)
    return width, height


def _inflated(data: bytes, kind: bytes) -> int:
    """Return how long a text or profile is, decompressed; it is not kept."""
    _, _, rest = data.partition(b"\0")
    if kind == b"iTXt":  # Two bytes, compressed or not and how, then language and translated key.
        *_, stream = rest[2:].split(b"\0", 2)
        compressed = rest[:1] != b"\0" and rest[1:2] == b"\0"
    else:
        stream, compressed = rest[1:], kind != b"tEXt"
    if not compressed:
        return len(data)
    try:
        length = len(zlib.decompressobj().decompress(stream, _PNG_MAX_TEXT + 1))
    except zlib.error:  # Pillow passes over it, and has inflated it by then: the end may be wrong.
        return min(len(data) * _MAX_INFLATION, _PNG_MAX_TEXT)
    if length > _PNG_MAX_TEXT:
        raise _too_large(f"{kind.decode()} chunk", length, _PNG_MAX_TEXT)
    return length


def _inspect_webp(encoded: bytes, limits: PhotoLimits) -> Size:
    """Walk the chunks (RFC 9649, section 2) up to the end."""
    position, chunks = 12, 0
    while position + 8 <= len(encoded):
        chunks += 1
        if chunks > limits.max_chunks:
            raise _too_many_chunks("WebP", limits)
        length = int.from_bytes(encoded[position + 4 : position + 8], "little")
        position += 8 + length + length % 2
    kind, head = encoded[12:16], encoded[20:30]
    if kind == b"VP8X":
        return _little(head[4:7]) + 1, _little(head[7:10]) + 1
    if kind == b"VP8L" and head[:1] == b"\x2f":
        bits = _little(head[1:5])
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if kind == b"VP8 " and head[3:6] == b"\x9d\x01\x2a":
        return _little(head[6:8]) & 0x3FFF, _little(head[8:10]) & 0x3FFF
    return _UNKNOWN


def _inspect_gif(encoded: bytes, limits: PhotoLimits) -> Size:
    """Walk the blocks (GIF89a specification) up to the first image, the only one decoded."""
    screen = _little(encoded[6:8]), _little(encoded[8:10])
    position, blocks = 13 + _colors(encoded[10:11]), 0
    while encoded[position : position + 1] == b"!":
        position += 2
        while length := _little(encoded[position : position + 1]):
            position += 1 + length
            blocks += 1
            if blocks > _GIF_MAX_BLOCKS:
                raise TooCostly(
                    f"The GIF has more than {_GIF_MAX_BLOCKS:,} blocks before its first image."
                    " Save it anew without comments."
                )
        position += 1
    frame = encoded[position + 1 : position + 9]
    left, top, width, height = (_little(frame[at : at + 2]) for at in range(0, 8, 2))
    return max(screen[0], left + width), max(screen[1], top + height)


def _inspect_bmp(encoded: bytes, limits: PhotoLimits) -> Size:
    if _little(encoded[14:18]) == 12:  # OS/2
        return _little(encoded[18:20]), _little(encoded[20:22])
    if _little(encoded[30:34]) not in _BMP_UNCOMPRESSED:
        # Pillow decodes run lengths byte by byte in Python.
        raise TooCostly("The BMP is compressed, which is not accepted. Send it as PNG.")
    width, height = (int.from_bytes(encoded[at : at + 4], "little", signed=True) for at in (18, 22))
    return abs(width), abs(height)


def _colors(flags: bytes) -> int:
    """Return the bytes of a GIF's colour table, as its flags tell."""
    return 3 << (flags[0] & 7) + 1 if flags and flags[0] & 0x80 else 0


def _little(data: bytes) -> int:
    return int.from_bytes(data, "little")


def _too_large(what: str, size: int, most: int) -> TooCostly:
    return TooCostly(
        f"The photo's {what} takes {size:,} bytes or more; at most {most:,} are accepted."
        " Save it anew as a JPEG, or without metadata."
    )


def _too_many_chunks(name: str, limits: PhotoLimits) -> TooCostly:
    return TooCostly(
        f"The {name} file has more than {limits.max_chunks:,} chunks, which are the most."
        " Save it anew."
    )


_INSPECTORS: dict[str, Callable[[bytes, PhotoLimits], Size]] = {
    "JPEG": inspect_jpeg,
    "PNG": _inspect_png,
    "WEBP": _inspect_webp,
    "GIF": _inspect_gif,
    "BMP": _inspect_bmp,
    "TIFF": inspect_tiff,
}
