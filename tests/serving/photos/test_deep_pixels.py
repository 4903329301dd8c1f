"""Pixels of other kinds than 8 bits a colour: right, or refused by name, never black in silence."""

import io
import struct
import zlib
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from PIL import Image

from serving.photos import prepare
from serving.photos.errors import UnsupportedFormat
from serving.photos.formats_and_limits import DEFAULT_LIMITS, KNOWN_FORMATS
from tests.drawing import encode
from tests.serving.photos.tiffs import FLOAT, SIGNED, UNSIGNED, tiff

LIMITS = replace(DEFAULT_LIMITS, formats=KNOWN_FORMATS)
RAMP = np.tile(np.linspace(0, 1, 64), (48, 1))
LEVELS = np.rint(RAMP * 255)
COLOURS = np.stack([RAMP, RAMP**2, 1 - RAMP], axis=-1)
BLACK, WHITE_IS_ZERO, RGB, PALETTE, CMYK, YCBCR, LAB = 1, 0, 2, 3, 5, 6, 8
BOTH = pytest.mark.parametrize("order", ["<", ">"])


def gray(encoded: bytes) -> np.ndarray:
    return prepare(encoded, "squash/1", (48, 64, 1), LIMITS)[..., 0].astype(float)


def colour(encoded: bytes) -> np.ndarray:
    return prepare(encoded, "squash/1", (48, 64, 3), LIMITS).astype(float)


RANGES = {
    "uint16": (RAMP * 65535, np.uint16, UNSIGNED),
    "uint16 of 12 bits": (RAMP * 4095, np.uint16, UNSIGNED),
    "uint16 of 10 bits": (RAMP * 1023, np.uint16, UNSIGNED),
    "uint16 of 8 bits": (RAMP * 255, np.uint16, UNSIGNED),
    "uint16 of 3 levels": (np.rint(RAMP) * 3, np.uint16, UNSIGNED),
    "int16 over its range": (RAMP * 65535 - 32768, np.int16, SIGNED),
    "int8 over its range": (RAMP * 255 - 128, np.int8, SIGNED),
    "int32 0…255": (RAMP * 255, np.int32, SIGNED),
    "int32 0…65535": (RAMP * 65535, np.int32, SIGNED),
    "int32 over its range": (RAMP * (2**32 - 1) - 2**31, np.int32, SIGNED),
    "float 0…1": (RAMP, np.float32, FLOAT),
    "float a little above 1": (RAMP * 1.02, np.float32, FLOAT),
    "float 0…255": (RAMP * 255, np.float32, FLOAT),
    "float -1…1": (RAMP * 2 - 1, np.float32, FLOAT),
}


@BOTH
@pytest.mark.parametrize("name", RANGES)
def test_gray_of_any_range_is_scaled(name: str, order: str) -> None:
    values, kind, sample = RANGES[name]
    wanted = np.rint(RAMP) * 255 if "levels" in name else LEVELS
    found = gray(tiff(values.astype(kind), BLACK, sample, order=order))
    assert np.abs(found - wanted).max() <= 1


def test_unsigned_integers_of_32_bits_do_not_wrap() -> None:
    found = gray(tiff((RAMP * (2**32 - 1)).astype(np.uint32), BLACK))
    assert np.abs(found - LEVELS).max() <= 1


@pytest.mark.parametrize("kind", [np.uint8, np.uint16, np.float32])
def test_white_may_be_zero(kind: type) -> None:
    white = 1 if kind is np.float32 else np.iinfo(kind).max
    sample = FLOAT if kind is np.float32 else UNSIGNED
    found = gray(tiff((RAMP * white).astype(kind), WHITE_IS_ZERO, sample))
    assert np.abs(found - (255 - LEVELS)).max() <= 1


def test_black_stays_black_and_constants_are_no_fault() -> None:
    assert gray(tiff(np.zeros((48, 64), np.uint16), BLACK)).max() == 0
    assert gray(tiff(np.full((48, 64), 7, np.int32), BLACK, SIGNED)).min() == 255
    assert gray(tiff(np.full((48, 64), -7, np.int32), BLACK, SIGNED)).max() == 0


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_what_is_no_number_is_refused(value: float) -> None:
    pixels = RAMP.astype(np.float32)
    pixels[3, 4] = value
    with pytest.raises(UnsupportedFormat, match="infinite or not a number"):
        gray(tiff(pixels, BLACK, FLOAT))


REFUSED: dict[str, tuple[Any, int, int]] = {
    "3 × 32 bits .float": (COLOURS.astype(np.float32), RGB, FLOAT),
    "3 × 32 bits .unsigned": (COLOURS.astype(np.uint32), RGB, UNSIGNED),
    "1 × 16 bits .float": (RAMP.astype(np.float16), BLACK, FLOAT),
    "1 × 64 bits .float": (RAMP.astype(np.float64), BLACK, FLOAT),
    "3 × 16 bits .unsigned, photometric interpretation 8": (COLOURS.astype(np.uint16), LAB, 1),
}


@pytest.mark.parametrize("name", REFUSED)
def test_pixels_that_can_not_be_read_are_refused_by_name(name: str) -> None:
    pixels, *tags = REFUSED[name]
    with pytest.raises(UnsupportedFormat, match=name):
        colour(tiff(pixels, *tags))


def test_a_jpeg_of_12_bits_is_refused_by_name() -> None:
    encoded = bytearray(encode(Image.new("RGB", (16, 16)), "JPEG"))
    encoded[encoded.index(b"\xff\xc0") + 4] = 12
    with pytest.raises(UnsupportedFormat, match="3 × 12 bits"):
        colour(bytes(encoded))


def extra(kind: int) -> tuple[tuple[int, int, list[int]], ...]:
    return ((338, 3, [kind]),)


@BOTH
def test_colours_of_tiff(order: str) -> None:
    wanted = np.rint(COLOURS * 255)
    deep, plain = (COLOURS * 65535).astype(np.uint16), wanted.astype(np.uint8)
    clear = np.zeros((48, 64, 1))
    assert np.abs(colour(tiff(deep, RGB, order=order)) - wanted).max() <= 1
    for alpha in (1, 2):  # associated, unassociated
        see_through = np.concatenate([deep * (alpha == 2), clear], axis=2).astype(np.uint16)
        assert colour(tiff(see_through, RGB, order=order, more=extra(alpha))).min() == 255
    ink = np.concatenate([65535 - deep, clear], axis=2).astype(np.uint16)
    assert np.abs(colour(tiff(ink, CMYK, order=order)) - wanted).max() <= 2
    ycbcr = np.asarray(Image.fromarray(plain).convert("YCbCr"))
    assert np.abs(colour(tiff(ycbcr, YCBCR, order=order)) - wanted).max() <= 3
    neutral = np.zeros((48, 64, 3), np.uint8)
    neutral[..., 0] = 255  # L* = 100
    assert colour(tiff(neutral, LAB, order=order)).min() >= 252


@pytest.mark.parametrize("alpha", [1, 2])
def test_gray_with_transparency_lies_over_white(alpha: int) -> None:
    pixels = np.zeros((48, 64, 2), np.uint8)
    pixels[:, 32:, 1] = 255
    found = gray(tiff(pixels, BLACK, more=extra(alpha)))
    assert found[:, :31].min() == 255
    assert found[:, 33:].max() == 0


def png(depth: int, colour_type: int, rows: bytes, clear: bytes) -> bytes:
    """Return a PNG of 64×48 with a transparent colour."""
    stride = len(rows) // 48
    lines = b"".join(b"\0" + rows[stride * row : stride * (row + 1)] for row in range(48))
    header = struct.pack(">2I5B", 64, 48, depth, colour_type, 0, 0, 0)
    chunks = (b"IHDR", header), (b"tRNS", clear), (b"IDAT", zlib.compress(lines)), (b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in chunks
    )


@pytest.mark.parametrize("depth", [1, 2, 4, 8, 16])
def test_the_transparent_gray_of_a_png(depth: int) -> None:
    black, other = (0, 1) if depth == 1 else (0, 2 ** (depth - 1))
    bits = "".join(f"{level:0{depth}b}" for level in [black] * 32 + [other] * 32)
    row = int(bits, 2).to_bytes(8 * depth, "big")
    found = gray(png(depth, 0, row * 48, struct.pack(">H", other)))
    assert found[:, :31].max() == 0
    assert found[:, 33:].min() == 255


def test_the_transparent_colour_of_a_png_of_16_bits() -> None:
    row = struct.pack(">3H", 0, 0, 0) * 32 + struct.pack(">3H", 40000, 10, 500) * 32
    found = colour(png(16, 2, row * 48, struct.pack(">3H", 40000, 10, 500)))
    assert found[:, :31].max() == 0
    assert found[:, 33:].min() == 255


@pytest.mark.parametrize("form", ["PNG", "GIF", "TIFF", "BMP"])
@pytest.mark.parametrize("colours", [2, 4, 16, 256])
def test_palettes(form: str, colours: int) -> None:
    image = Image.fromarray(LEVELS.astype(np.uint8)).convert("RGB").quantize(colours)
    np.testing.assert_array_equal(colour(encode(image, form)), np.asarray(image.convert("RGB")))


def test_only_the_first_page_is_classified() -> None:
    file = io.BytesIO()
    pages = [Image.new("RGB", (64, 48), name) for name in ("red", "blue")]
    pages[0].save(file, "TIFF", save_all=True, append_images=pages[1:])
    assert colour(file.getvalue())[0, 0].tolist() == [255, 0, 0]


@pytest.mark.parametrize("step", [1, 257])
def test_the_palette_of_a_tiff_may_have_8_bits(step: int) -> None:
    gray, shape = LEVELS.astype(np.uint8), (48, 64, 1)
    encoded = tiff(gray, PALETTE, more=((320, 3, [step * level for level in range(256)] * 3),))
    prepared = prepare(encoded, "squash/1", shape, LIMITS)
    np.testing.assert_array_equal(prepared[..., 0], gray)
