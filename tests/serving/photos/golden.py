"""Drawn photos in every format, and the pixels that each preparation must make of them.

The pixels are stored in `golden_pixels.json`, so that no release changes what a published
preparation does. They were made by

    python -m tests.serving.photos.golden squash/1 garment/1

which adds those of new preparations; `references.py` has the arithmetic that they are checked by.
"""

import json
import struct
import sys
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from serving.photos import Shape, prepare
from tests.drawing import encode

STORED = Path(__file__).with_name("golden_pixels.json")
SHAPES: tuple[Shape, ...] = ((28, 28, 1), (30, 24, 3))

Colours = list[tuple[int, int, int]]

GROUND, BODY, STRIPE, PATCH = range(4)
COLOURS: dict[str, Colours] = {
    "colour": [(255, 255, 255), (40, 60, 110), (190, 60, 40), (191, 191, 191)],
    "gray": [(255,) * 3, (60,) * 3, (110,) * 3, (191,) * 3],
    "ink": [(255,) * 3, (0,) * 3, (0,) * 3, (255,) * 3],
}
"""The colours of ground, garment, its stripe and its patch; the patch is half of 128 on white."""


def parts() -> np.ndarray:
    """Draw a garment with one sleeve, different in each orientation: uint8 `[120, 96]`."""
    drawn = np.full((120, 96), GROUND, np.uint8)
    drawn[18:102, 25:71] = BODY
    drawn[18:50, 12:25] = BODY
    drawn[60:71, 25:71] = STRIPE
    drawn[30:45, 50:65] = PATCH
    return drawn


def rgb(name: str) -> Image.Image:
    """Return a picture in the colours of a name."""
    return Image.fromarray(np.array(COLOURS[name], np.uint8)[parts()])


def gray(name: str = "gray") -> Image.Image:
    """Return a picture in gray, in one channel."""
    return Image.fromarray(np.asarray(rgb(name))[..., 0].copy())


def palette(name: str = "colour", ground: tuple[int, int, int] | None = None) -> Image.Image:
    """Return a picture with a palette; a transparent ground may have another colour."""
    colours = [ground or COLOURS[name][GROUND], *COLOURS[name][1:]]
    picture = Image.fromarray(parts())
    picture.putpalette([level for colour in colours for level in colour])
    return picture


def see_through(mode: str) -> Image.Image:
    """Return a picture that is right over white only: a clear ground, a patch half clear."""
    name = "colour" if mode == "RGBA" else "gray"
    levels = [[*colour, 255] for colour in COLOURS[name]]
    levels[GROUND], levels[PATCH] = [10, 200, 30, 0], [128, 128, 128, 128]
    pixels = np.array(levels, np.uint8)[parts()]
    return Image.fromarray(pixels if mode == "RGBA" else pixels[..., [0, 3]].copy())


def deep_png() -> bytes:
    """Return an RGB PNG of 16 bits, which Pillow reads and does not write."""
    rows = np.array(COLOURS["colour"], ">u2")[parts()] * 257
    height, width, _ = rows.shape
    lines = b"".join(b"\0" + row.astype(">u2").tobytes() for row in rows)
    header = struct.pack(">2I5B", width, height, 16, 2, 0, 0, 0)
    chunks = (b"IHDR", header), (b"IDAT", zlib.compress(lines)), (b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(*each) for each in chunks)


def _chunk(name: bytes, content: bytes) -> bytes:
    end = struct.pack(">I", zlib.crc32(name + content))
    return struct.pack(">I", len(content)) + name + content + end


def _animated(form: str, **options: Any) -> bytes:
    first = palette() if form == "GIF" else rgb("colour")
    others = [Image.new(first.mode, first.size, 1 if form == "GIF" else "black")]
    return encode(first, form, save_all=True, append_images=others, duration=90, **options)


def _deep_gray() -> Image.Image:
    return Image.fromarray(np.asarray(gray(), np.uint16) * 257)


def _ink() -> Image.Image:
    return gray("ink").convert("1")


def _cmyk() -> Image.Image:
    levels = 255 - np.asarray(rgb("colour"))
    black = np.zeros((*levels.shape[:2], 1), np.uint8)
    return Image.fromarray(np.concatenate([levels, black], axis=2), "CMYK")


EXACT: dict[str, tuple[str, Callable[[], bytes]]] = {
    "PNG": ("colour", lambda: encode(rgb("colour"))),
    "PNG, 16 bits": ("colour", deep_png),
    "PNG, palette": ("colour", lambda: encode(palette())),
    "PNG, palette of 2 bits": ("colour", lambda: encode(palette(), bits=2)),
    "PNG, palette, clear": (
        "colour",
        lambda: encode(palette(ground=(1, 2, 3)), transparency=GROUND),
    ),
    "PNG, alpha": ("colour", lambda: encode(see_through("RGBA"))),
    "PNG, gray": ("gray", lambda: encode(gray())),
    "PNG, gray of 16 bits": ("gray", lambda: encode(_deep_gray())),
    "PNG, gray, alpha": ("gray", lambda: encode(see_through("LA"))),
    "PNG, 1 bit": ("ink", lambda: encode(_ink())),
    "WebP, lossless": ("colour", lambda: encode(rgb("colour"), "WEBP", lossless=True)),
    "WebP, lossless, alpha": (
        "colour",
        lambda: encode(see_through("RGBA"), "WEBP", lossless=True, exact=True),
    ),
    "WebP, animated": ("colour", lambda: _animated("WEBP", lossless=True)),
    "GIF": ("colour", lambda: encode(palette(), "GIF")),
    "GIF, animated": ("colour", lambda: _animated("GIF")),
    "BMP": ("colour", lambda: encode(rgb("colour"), "BMP")),
    "BMP, gray": ("gray", lambda: encode(gray(), "BMP")),
    "BMP, 1 bit": ("ink", lambda: encode(_ink(), "BMP")),
    "TIFF": ("colour", lambda: encode(rgb("colour"), "TIFF")),
    "TIFF, LZW": ("colour", lambda: encode(rgb("colour"), "TIFF", compression="tiff_lzw")),
    "TIFF, gray": ("gray", lambda: encode(gray(), "TIFF")),
    "TIFF, PackBits, 1 bit": ("ink", lambda: encode(_ink(), "TIFF", compression="packbits")),
}
"""Lossless formats: the name of the colours, and the file."""

_FINE = {"quality": 98, "subsampling": 0}
LOSSY: dict[str, tuple[str, Callable[[], bytes]]] = {
    "JPEG": ("colour", lambda: encode(rgb("colour"), "JPEG", **_FINE)),
    "JPEG, progressive": (
        "colour",
        lambda: encode(rgb("colour"), "JPEG", progressive=True, **_FINE),
    ),
    "JPEG, gray": ("gray", lambda: encode(gray(), "JPEG", quality=98)),
    "JPEG, CMYK": ("colour", lambda: encode(_cmyk(), "JPEG", **_FINE)),
    "WebP": ("gray", lambda: encode(rgb("gray"), "WEBP", quality=98)),
    "AVIF": ("colour", lambda: encode(rgb("colour"), "AVIF", quality=98, subsampling="4:4:4")),
}
"""Lossy formats; what they lose depends on the version of the codec."""


def stored() -> dict[str, dict[str, list[str]]]:
    """Return the pixels, by preparation, then by colours and shape: a row in hexadecimal each."""
    return dict(json.loads(STORED.read_text("utf-8"))) if STORED.exists() else {}


def golden(preparation: str, colours: str, shape: Shape) -> np.ndarray:
    """Return the pixels that a preparation must make of a picture: uint8 of the shape."""
    rows = stored()[preparation][key(colours, shape)]
    return np.frombuffer(bytes.fromhex("".join(rows)), np.uint8).reshape(shape)


def key(colours: str, shape: Shape) -> str:
    """Return the key of stored pixels."""
    return f"{colours} {'×'.join(map(str, shape))}"


def main(names: list[str]) -> None:
    """Store the pixels that this code makes by these preparations."""
    kept = stored()
    for preparation in names:
        made = {
            key(colours, shape): prepare(encode(rgb(colours)), preparation, shape)
            for colours in COLOURS
            for shape in SHAPES
        }
        kept[preparation] = {
            name: [row.tobytes().hex() for row in pixels] for name, pixels in made.items()
        }
    STORED.write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n", "utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
