"""What decoding a PNG will cost, read from its chunks (PNG specification, section 5)."""

import struct
import zlib

from serving.photos.errors import DamagedPhoto, too_large, too_many
from serving.photos.formats_and_limits import PhotoLimits
from serving.photos.headers.declaration import Declaration

_TEXTS = {b"tEXt", b"zTXt", b"iTXt", b"iCCP"}
_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}  # by colour type
_MAX_TEXT = 1_048_576  # bytes of one text, where Pillow gives up: PngImagePlugin.MAX_TEXT_CHUNK
_MAX_INFLATION = 1032  # bytes that Deflate makes of one


def inspect_png(encoded: bytes, limits: PhotoLimits) -> Declaration:
    """Check a PNG against the limits and return what it declares.

    Raises:
        DamagedPhoto: it does not begin with its only header.
        TooCostly: too many chunks, or too large texts, profile or pixels.
    """
    position, chunks, text = 8, 0, 0
    while position + 8 <= len(encoded):
        length = int.from_bytes(encoded[position : position + 4], "big")
        kind = encoded[position + 4 : position + 8]
        if kind in _TEXTS:
            text += _inflated_length(encoded[position + 8 : position + 8 + length], kind)
            if text > limits.max_text_bytes:
                raise too_large("text and profile", text, limits.max_text_bytes)
        # With several headers, or other chunks before one, decoders differ in what they read.
        if (kind == b"IHDR") != (position == 8):
            raise DamagedPhoto(
                "The PNG image does not begin with its only header chunk (IHDR). Re-save it."
            )
        chunks += 1
        if chunks > limits.max_chunks:
            raise too_many("PNG", "chunks", limits.max_chunks)
        if kind == b"IEND":
            break
        position += 12 + length
    if encoded[12:16] != b"IHDR" or len(encoded) < 33:
        return Declaration((0, 0))
    width, height, depth, colour = struct.unpack_from(">IIBB", encoded, 16)
    size = width * height * depth * _CHANNELS.get(colour, 1) // 8
    if size > limits.max_png_bytes and width * height <= limits.pixels("PNG"):
        raise too_large("pixel data, uncompressed,", size, limits.max_png_bytes)
    costly = size > limits.worker_png_bytes or width * height > limits.max_decoded_pixels
    return Declaration((width, height), costly)


def _inflated_length(data: bytes, kind: bytes) -> int:
    """Return how many bytes a text or profile has once decompressed, without keeping them."""
    _, _, rest = data.partition(b"\0")
    if kind == b"iTXt":  # Compression flag and method, language, translated keyword, text.
        *_, stream = rest[2:].split(b"\0", 2)
        compressed = rest[:1] != b"\0" and rest[1:2] == b"\0"
    else:
        stream, compressed = rest[1:], kind != b"tEXt"
    if not compressed:
        return len(data)
    try:
        length = len(zlib.decompressobj().decompress(stream, _MAX_TEXT + 1))
    except zlib.error:  # Pillow ignores the text, but may have inflated all of it before the error.
        return min(len(data) * _MAX_INFLATION, _MAX_TEXT)
    if length > _MAX_TEXT:
        raise too_large(f"{kind.decode()} chunk", length, _MAX_TEXT)
    return length
