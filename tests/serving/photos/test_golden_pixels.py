"""Photos in every format and the pixels that each preparation has to make of them, for ever.

Stored pixels (`golden.py`) hold every preparation; where its arithmetic is simple, they are checked
by it (`references.py`). A new preparation needs its stored pixels, no line here.
"""

import numpy as np
import pytest
from PIL import Image

from serving.photos import PREPARATIONS, Shape, prepare
from serving.photos.formats_and_limits import PhotoLimits
from tests.drawing import encode
from tests.serving.photos.golden import COLOURS, EXACT, LOSSY, SHAPES, golden, rgb, stored
from tests.serving.photos.profiles import SPACES, from_srgb, profile
from tests.serving.photos.references import REFERENCES

EVERY = PhotoLimits(formats=("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF"))
ORIENTATION = 0x0112
HELD = {  # As a camera holds what the orientation makes upright (Exif 2.32, tag 274).
    1: lambda pixels: pixels,
    2: lambda pixels: pixels[:, ::-1],
    3: lambda pixels: pixels[::-1, ::-1],
    4: lambda pixels: pixels[::-1],
    5: lambda pixels: pixels.swapaxes(0, 1),
    6: lambda pixels: np.rot90(pixels),
    7: lambda pixels: pixels.swapaxes(0, 1)[::-1, ::-1],
    8: lambda pixels: np.rot90(pixels, -1),
}

each_preparation = pytest.mark.parametrize("preparation", PREPARATIONS)
each_shape = pytest.mark.parametrize("shape", SHAPES)


def apart(found: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    return np.asarray(np.abs(found.astype(float) - wanted))


def test_every_preparation_has_its_pixels() -> None:
    assert set(stored()) == set(PREPARATIONS), "python -m tests.serving.photos.golden NAME"


@each_shape
@pytest.mark.parametrize("colours", COLOURS)
@pytest.mark.parametrize("preparation", REFERENCES)
def test_the_pixels_are_those_of_the_arithmetic(
    preparation: str, colours: str, shape: Shape
) -> None:
    wanted = REFERENCES[preparation](np.asarray(rgb(colours)), shape)
    assert apart(golden(preparation, colours, shape), wanted).max() <= 1.5  # Rounded three times.


@each_shape
@each_preparation
@pytest.mark.parametrize("form", EXACT)
def test_formats_that_keep_every_pixel(preparation: str, form: str, shape: Shape) -> None:
    colours, encoded = EXACT[form]
    found = prepare(encoded(), preparation, shape, EVERY)
    np.testing.assert_array_equal(found, golden(preparation, colours, shape))


@each_shape
@each_preparation
@pytest.mark.parametrize("form", LOSSY)
def test_formats_that_do_not(preparation: str, form: str, shape: Shape) -> None:
    colours, encoded = LOSSY[form]
    found = prepare(encoded(), preparation, shape, EVERY)
    wrong = apart(found, golden(preparation, colours, shape))
    assert wrong.mean() <= 1
    assert wrong.max() <= 12


@each_preparation
@pytest.mark.parametrize("orientation", HELD)
@pytest.mark.parametrize(
    ("form", "options", "most"),
    [
        ("PNG", {}, 0),
        ("WEBP", {"lossless": True}, 0),
        ("TIFF", {}, 0),
        ("JPEG", {"quality": 98, "subsampling": 0}, 12),
    ],
)
def test_every_orientation(
    preparation: str, orientation: int, form: str, options: dict[str, object], most: int
) -> None:
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    held = Image.fromarray(np.ascontiguousarray(HELD[orientation](np.asarray(rgb("colour")))))
    encoded = encode(held, form, exif=exif, **options)
    for shape in SHAPES:
        found = prepare(encoded, preparation, shape, EVERY)
        assert apart(found, golden(preparation, "colour", shape)).max() <= most


@each_shape
@each_preparation
@pytest.mark.parametrize("form", ["PNG", "WEBP", "TIFF", "JPEG"])
@pytest.mark.parametrize("space", SPACES)
def test_colours_of_other_spaces(preparation: str, form: str, space: str, shape: Shape) -> None:
    there = from_srgb(np.array(COLOURS["colour"]), SPACES[space])
    assert np.abs(there - np.array(COLOURS["colour"])).max() > 8, "the profile matters"
    index = np.zeros(rgb("colour").size[::-1], np.uint8)
    for place, colour in enumerate(COLOURS["colour"]):
        index[(np.asarray(rgb("colour")) == colour).all(axis=2)] = place
    options = {"quality": 98, "subsampling": 0} if form == "JPEG" else {}
    options |= {"lossless": True} if form == "WEBP" else {}
    encoded = encode(
        Image.fromarray(there[index]), form, icc_profile=profile(SPACES[space]), **options
    )
    wrong = apart(prepare(encoded, preparation, shape, EVERY), golden(preparation, "colour", shape))
    assert wrong.mean() <= 1.5  # Both ways are rounded to 8 bits.
    assert wrong.max() <= (12 if form == "JPEG" else 3)


@each_preparation
def test_a_large_jpeg_is_nearly_what_it_is_when_decoded_whole(preparation: str) -> None:
    large = rgb("colour").resize((96 * 12, 120 * 12), Image.Resampling.NEAREST)
    encoded = encode(large, "JPEG", quality=95)
    for shape in SHAPES:
        wrong = apart(prepare(encoded, preparation, shape), golden(preparation, "colour", shape))
        assert wrong.mean() <= 2
        assert wrong.max() <= 24
