"""TIFFs that cost much and take little space (TIFF 6.0, section 2)."""

import struct
import zlib

_SHORT, _LONG = 3, 4
_DEFLATE = 8


def tiles(size: tuple[int, int], tile: tuple[int, int], bits: int = 16) -> bytes:
    """Return an RGBA image all of whose tiles are one and the same, compressed."""
    data = zlib.compress(bytes(tile[0] * tile[1] * bits // 2), 9)
    number = -(-size[0] // tile[0]) * -(-size[1] // tile[1])
    values: dict[int, tuple[int, list[int]]] = {
        256: (_LONG, [size[0]]),
        257: (_LONG, [size[1]]),
        258: (_SHORT, [bits] * 4),
        259: (_SHORT, [_DEFLATE]),
        262: (_SHORT, [2]),
        277: (_SHORT, [4]),
        322: (_LONG, [tile[0]]),
        323: (_LONG, [tile[1]]),
        324: (_LONG, [0] * number),
        325: (_LONG, [len(data)] * number),
        338: (_SHORT, [2]),
    }
    values[324] = _LONG, [len(_header(values))] * number
    return _header(values) + data


def _header(values: dict[int, tuple[int, list[int]]]) -> bytes:
    """Return the directory of a TIFF and the values that it refers to."""
    entries, rest = b"", b""
    start = 8 + 2 + 12 * len(values) + 4
    for tag, (kind, numbers) in values.items():
        packed = struct.pack(f"<{len(numbers)}{'H' if kind == _SHORT else 'L'}", *numbers)
        if len(packed) > 4:
            value = struct.pack("<L", start + len(rest))
            rest += packed
        else:
            value = packed.ljust(4, b"\0")
        entries += struct.pack("<HHL", tag, kind, len(numbers)) + value
    return b"II*\0" + struct.pack("<LH", 8, len(values)) + entries + bytes(4) + rest
