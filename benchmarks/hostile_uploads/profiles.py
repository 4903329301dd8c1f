"""Colour profiles that are slow to apply (ICC.1:2010, section 7)."""

import struct

import numpy as np

_D50 = struct.pack(">3I", 0xF6D6, 0x10000, 0xD32D)
_CURVE = 4096  # entries


def table_profile(space: str, grid: int) -> bytes:
    """Return a valid profile to CIELAB that is one large table with long curves.

    Args:
        space: `RGB` or `CMYK`.
        grid: points of the table along each channel.
    """
    channels = len(space)
    table = np.random.default_rng(0).integers(0, 65_536, grid**channels * 3).astype(">u2")
    curve = np.linspace(0, 65_535, _CURVE).astype(">u2").tobytes()
    identity = struct.pack(">9i", 65_536, 0, 0, 0, 65_536, 0, 0, 0, 65_536)
    head = b"mft2" + bytes(4) + bytes([channels, 3, grid, 0]) + identity
    sizes = struct.pack(">HH", _CURVE, _CURVE)
    return _profile(space, head + sizes + curve * channels + table.tobytes() + curve * 3)


def declaring_profile(grid: int) -> bytes:
    """Return a short CMYK profile that declares a large table without any bytes for it."""
    head = (
        b"mft2" + bytes(4) + bytes([4, 3, grid, 0]) + struct.pack(">9i", *[65_536, 0, 0, 0] * 2, 0)
    )
    return _profile("CMYK", head + struct.pack(">HH", 2, 2) + b"\0\0\xff\xff" * 8)


def declaring_grid(points: int) -> bytes:
    """Return a short CMYK profile whose table has `points` points along each channel."""
    head = b"mAB " + bytes(4) + bytes([4, 3, 0, 0]) + struct.pack(">5I", 32, 0, 0, 96, 0)
    curves = struct.pack(">4s2I", b"curv", 0, 0) * 4
    grid = bytes([points] * 4 + [0] * 12) + b"\2\0\0\0"
    return _profile("CMYK", head + curves.ljust(64, b"\0") + grid + bytes(100))


def element_profile(elements: int) -> bytes:
    """Return a profile to CIELAB that passes each colour through `elements` elements."""
    table = struct.pack(">4sIHHI", b"mpet", 0, 3, 3, elements)
    at = len(table) + 8 * elements
    matrix = struct.pack(">4sIHH", b"matf", 0, 3, 3) + struct.pack(">12f", *[1, 0, 0, 0] * 3)
    positions = struct.pack(">II", at, len(matrix)) * elements  # All of the same one.
    return _profile("RGB", table + positions + matrix, tag=b"D2B0")


def _profile(space: str, value: bytes, tag: bytes = b"A2B0") -> bytes:
    size = 128 + 16 + len(value)
    kind = b"prtr" if space == "CMYK" else b"scnr"
    names = b"lcms", 0x0440_0000, kind, space.encode().ljust(4), b"Lab "
    head = struct.pack(">I4sI4s4s4s", size, *names) + b"\x07\xea\0\1\0\1" + bytes(6) + b"acsp"
    return (
        head + bytes(28) + _D50 + bytes(48) + struct.pack(">I4sII", 1, tag, 144, len(value)) + value
    )
