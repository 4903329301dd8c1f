"""JPEGs that cost much and take little space, built marker by marker (ITU-T T.81, annex B)."""

import struct

Sampling = tuple[tuple[int, int], ...]  # horizontal and vertical factor of each component

ICC = b"ICC_PROFILE\0"
EXIF = b"Exif\0\0"
_MAX_PAYLOAD = 65_533
_QUANTIZATION = b"\0" + b"\1" * 64
_SKIP_BLOCKS = 32_767  # the maximum that one code can leave unchanged


def segment(marker: int, payload: bytes = b"") -> bytes:
    """Return a marker with its length and payload."""
    return struct.pack(">BBH", 0xFF, marker, len(payload) + 2) + payload


def jpeg(
    size: tuple[int, int],
    scans: bytes,
    *,
    frame: int = 0xC0,
    sampling: Sampling = ((1, 1),),
    before: bytes = b"",
) -> bytes:
    """Return a JPEG of these scans, which include their Huffman tables."""
    components = b"".join(bytes([i, h << 4 | v, 0]) for i, (h, v) in enumerate(sampling, start=1))
    head = struct.pack(">BHHB", 8, size[1], size[0], len(sampling)) + components
    tables = segment(0xDB, _QUANTIZATION) + segment(frame, head)
    return b"\xff\xd8" + before + tables + scans + b"\xff\xd9"


def many_scans(size: tuple[int, int], scans: int, components: int = 1) -> bytes:
    """Return a progressive JPEG whose scans visit all blocks and change none."""
    blocks = -(-size[0] // 8) * -(-size[1] // 8)
    tables = _huffman(0x00, {1: b"\0"}) + _huffman(0x10, {1: b"\xe0"})
    first = _scan(range(1, components + 1), 0, 0) + bytes(blocks * components // 8 + 1)
    skip = ("0" + "1" * 14) * (blocks // _SKIP_BLOCKS + 1)
    skip += "1" * (-len(skip) % 8)
    coded = int(skip, 2).to_bytes(len(skip) // 8, "big").replace(b"\xff", b"\xff\0")
    rest = b"".join(_scan([i % components + 1], 1, 63) + coded for i in range(scans - 1))
    sampling = ((1, 1),) * components
    return jpeg(size, tables + first + rest, frame=0xC2, sampling=sampling)


def dense(size: tuple[int, int], sampling: Sampling = ((1, 1),), before: bytes = b"") -> bytes:
    """Return a baseline JPEG in which no coefficient is zero, coded as briefly as possible."""
    across, down = (max(each) for each in zip(*sampling, strict=True))
    units = -(-size[0] // (8 * across)) * -(-size[1] // (8 * down))
    blocks = units * sum(h * v for h, v in sampling)
    tables = _huffman(0x00, {1: b"\0"}) + _huffman(0x10, {1: b"\1", 2: b"\0"})
    coded = bytes(blocks * 127 // 8 + 16)  # one bit for the first coefficient, two for the others
    scan = _scan(range(1, len(sampling) + 1), 0, 63) + coded
    return jpeg(size, tables + scan, sampling=sampling, before=before)


def restarting(size: tuple[int, int]) -> bytes:
    """Return a gray JPEG with a restart marker after each block."""
    blocks = -(-size[0] // 8) * -(-size[1] // 8)
    tables = _huffman(0x00, {1: b"\0"}) + _huffman(0x10, {1: b"\0"})
    cycle = b"".join(b"\x3f\xff" + bytes([0xD0 + i]) for i in range(8))
    scan = segment(0xDD, b"\0\1") + tables + _scan([1], 0, 63)
    return jpeg(size, scan + cycle * (blocks // 8 + 1))


def profile_segments(profile: bytes) -> bytes:
    """Return the segments of a colour profile."""
    room = _MAX_PAYLOAD - len(ICC) - 2
    parts = [profile[start : start + room] for start in range(0, len(profile), room)]
    return b"".join(
        segment(0xE2, ICC + bytes([i & 0xFF, len(parts) & 0xFF]) + part)
        for i, part in enumerate(parts, start=1)
    )


def exif_segments(exif: bytes, room: int = _MAX_PAYLOAD - len(EXIF)) -> bytes:
    """Return the segments of EXIF data, with `room` bytes in each."""
    parts = (exif[start : start + room] for start in range(0, len(exif), room))
    return b"".join(segment(0xE1, EXIF + part) for part in parts)


def _huffman(slot: int, symbols: dict[int, bytes]) -> bytes:
    """Return a Huffman table of symbols by the length of their codes."""
    counts = bytes(len(symbols.get(length, b"")) for length in range(1, 17))
    return segment(0xC4, bytes([slot]) + counts + b"".join(symbols.values()))


def _scan(components: range | list[int], start: int, end: int) -> bytes:
    chosen = b"".join(bytes([each, 0]) for each in components)
    return segment(0xDA, bytes([len(components)]) + chosen + bytes([start, end, 0]))
