"""Colour profiles made by hand, and the arithmetic of what they define.

A profile of ICC.1:2001-04 with a matrix and a curve: linear light = curve(level), and the matrix
makes XYZ of it, relative to the white D50.
"""

import struct
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

_D50 = (0.9642, 1.0, 0.8249)
_ENTRIES = 1024


def srgb_curve(levels: np.ndarray) -> np.ndarray:
    """Return the light of levels 0 to 1 (IEC 61966-2-1)."""
    return np.where(levels <= 0.04045, levels / 12.92, ((levels + 0.055) / 1.055) ** 2.4)


def gamma_curve(levels: np.ndarray) -> np.ndarray:
    """Return the light of levels 0 to 1 by Adobe RGB (1998)."""
    return np.asarray(levels ** (563 / 256))


@dataclass(frozen=True)
class Space:
    """A colour space: its curve, and the XYZ of its red, green and blue as rows."""

    curve: Callable[[np.ndarray], np.ndarray]
    primaries: tuple[tuple[float, float, float], ...]


SRGB = Space(
    srgb_curve,
    ((0.43607, 0.22249, 0.01392), (0.38515, 0.71687, 0.09708), (0.14307, 0.06061, 0.7141)),
)
SPACES = {
    "Adobe RGB": Space(
        gamma_curve,
        ((0.60974, 0.31111, 0.01947), (0.20528, 0.62567, 0.06087), (0.14919, 0.06322, 0.74457)),
    ),
    "Display P3": Space(
        srgb_curve,
        ((0.51512, 0.2412, -0.00105), (0.29198, 0.69225, 0.04189), (0.1571, 0.06657, 0.78407)),
    ),
}


def from_srgb(colours: np.ndarray, space: Space) -> np.ndarray:
    """Return the levels, uint8 `[colours, 3]`, that show sRGB colours in another space."""
    light = srgb_curve(colours / 255) @ np.array(SRGB.primaries) @ np.linalg.inv(space.primaries)
    grid = np.linspace(0, 1, 4096)
    levels = np.interp(light.clip(0, 1), space.curve(grid), grid)
    return np.asarray(np.round(255 * levels), np.uint8)


def profile(space: Space) -> bytes:
    """Return the ICC profile of a space."""
    curve = np.round(65535 * space.curve(np.linspace(0, 1, _ENTRIES))).astype(">u2").tobytes()
    table = b"curv" + struct.pack(">2I", 0, _ENTRIES) + curve
    tags = {b"wtpt": _xyz(_D50), b"rTRC": table, b"gTRC": table, b"bTRC": table}
    names = (b"rXYZ", b"gXYZ", b"bXYZ")
    tags |= {name: _xyz(xyz) for name, xyz in zip(names, space.primaries, strict=True)}
    return _file(tags)


def _file(tags: dict[bytes, bytes]) -> bytes:
    offset = 128 + 4 + 12 * len(tags)
    index, content = struct.pack(">I", len(tags)), b""
    for name, tag in tags.items():
        index += name + struct.pack(">2I", offset + len(content), len(tag))
        content += tag + b"\0" * (-len(tag) % 4)
    size = struct.pack(">I", offset + len(content))
    kind = size + bytes(4) + b"\x02\x40\0\0" + b"mntrRGB XYZ " + bytes(12) + b"acsp"
    header = (kind + bytes(28) + _xyz(_D50)[8:]).ljust(128, b"\0")
    return header + index + content


def _xyz(values: tuple[float, ...]) -> bytes:
    fixed = [round(65536 * value) for value in values]
    return b"XYZ " + bytes(4) + struct.pack(">3i", *fixed)
