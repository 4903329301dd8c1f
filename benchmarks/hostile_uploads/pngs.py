"""PNGs that cost much and take little space, built chunk by chunk."""

import struct
import zlib

_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}  # by colour type
_ADAM7 = (
    (0, 0, 8, 8),
    (4, 0, 8, 8),
    (0, 4, 4, 8),
    (2, 0, 4, 4),
    (0, 2, 2, 4),
    (1, 0, 2, 2),
    (0, 1, 1, 2),
)
_PAETH = 4  # the slowest filter


def chunk(kind: bytes, data: bytes = b"") -> bytes:
    """Return a chunk with its length and checksum."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(
    size: tuple[int, int],
    *,
    depth: int = 8,
    color: int = 2,
    interlaced: bool = False,
    before: bytes = b"",
    after: bytes = b"",
    pixels: bytes | None = None,
) -> bytes:
    """Return a PNG of a pattern; `pixels` replaces its compressed pixels."""
    header = struct.pack(">IIBBBBB", *size, depth, color, 0, 0, interlaced)
    data = _pattern(size, depth * _CHANNELS[color], interlaced) if pixels is None else pixels
    body = chunk(b"IHDR", header) + before + chunk(b"IDAT", data) + after
    return b"\x89PNG\r\n\x1a\n" + body + chunk(b"IEND")


def _pattern(size: tuple[int, int], bits: int, interlaced: bool) -> bytes:
    compressor = zlib.compressobj(1)
    parts = []
    for left, top, step, drop in _ADAM7 if interlaced else ((0, 0, 1, 1),):
        columns, rows = -(-(size[0] - left) // step), -(-(size[1] - top) // drop)
        if columns > 0 and rows > 0:
            length = (columns * bits + 7) // 8
            line = bytes([_PAETH]) + (bytes(range(7)) * (length // 7 + 1))[:length]
            parts += [compressor.compress(line) for _ in range(rows)]
    return b"".join([*parts, compressor.flush()])


def text_bomb(chunks: int, size: int = 1_000_000) -> bytes:
    """Return compressed international texts that take four bytes a character in memory."""
    text = zlib.compress(b"a" * (size - 4) + "\U0001f600".encode(), 9)
    return b"".join(chunk(b"iTXt", b"k%d\0\1\0\0\0" % i + text) for i in range(chunks))


def broken_text(size: int = 1_000_000) -> bytes:
    """Return a compressed text with a wrong checksum, which is noticed only after inflating it."""
    return chunk(b"zTXt", b"k\0\0" + zlib.compress(bytes(size), 9)[:-4] + b"\xff" * 4)


def frames(number: int) -> bytes:
    """Return the frames of an animation (PNG specification, third edition, section 11.3.6)."""
    pixels = zlib.compress(bytes(64 * 64 * 3 + 64))
    control = (struct.pack(">5I2H2B", i, 64, 64, 0, 0, 1, 1, 0, 0) for i in range(number))
    return b"".join(chunk(b"fcTL", head) + chunk(b"fdAT", head[:4] + pixels) for head in control)


def profile_chunk(profile: bytes) -> bytes:
    """Return the chunk of a colour profile."""
    return chunk(b"iCCP", b"profile\0\0" + zlib.compress(profile, 9))
