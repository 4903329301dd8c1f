"""BMPs that cost much and take little space: run lengths, which Pillow decodes in Python."""

import struct


def run_lengths(size: tuple[int, int], runs: bytes) -> bytes:
    """Return a compressed BMP of these runs, pairs of a length and a level."""
    palette = bytes(4 * 256)
    start = 14 + 40 + len(palette)
    file_header = struct.pack("<2sIHHI", b"BM", start + len(runs), 0, 0, start)
    picture = struct.pack("<IiiHHIIiiII", 40, *size, 1, 8, 1, len(runs), 0, 0, 256, 0)
    return file_header + picture + palette + runs
