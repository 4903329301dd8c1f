"""What decoding a WebP will cost, read from its chunks (RFC 9649, section 2)."""

from serving.photos.errors import too_many
from serving.photos.formats_and_limits import PhotoLimits
from serving.photos.headers.declaration import Declaration


def inspect_webp(encoded: bytes, limits: PhotoLimits) -> Declaration:
    """Check a WebP against the limits and return what it declares.

    Raises:
        TooCostly: too many chunks.
    """
    position, chunks = 12, 0
    while position + 8 <= len(encoded):
        chunks += 1
        if chunks > limits.max_chunks:
            raise too_many("WebP", "chunks", limits.max_chunks)
        length = _little(encoded[position + 4 : position + 8])
        position += 8 + length + length % 2
    width, height = _read_size(encoded)
    return Declaration((width, height), width * height > limits.worker_webp_pixels)


def _read_size(encoded: bytes) -> tuple[int, int]:
    kind, head = encoded[12:16], encoded[20:30]
    if kind == b"VP8X":
        return _little(head[4:7]) + 1, _little(head[7:10]) + 1
    if kind == b"VP8L" and head[:1] == b"\x2f":
        bits = _little(head[1:5])
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if kind == b"VP8 " and head[3:6] == b"\x9d\x01\x2a":
        return _little(head[6:8]) & 0x3FFF, _little(head[8:10]) & 0x3FFF
    return 0, 0


def _little(data: bytes) -> int:
    return int.from_bytes(data, "little")
