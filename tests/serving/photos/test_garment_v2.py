"""`garment/2` finds the subject on any background and shows it bright on black, centred."""

import numpy as np
import pytest
from PIL import Image, ImageDraw

from serving.photos import prepare
from tests.drawing import encode

SHAPE = (28, 28, 1)
SHIRT = [(0, 10), (25, 0), (75, 0), (100, 10), (95, 45), (80, 40), (80, 100), (20, 100), (20, 40)]
SHIRT.append((5, 45))
FADING = Image.linear_gradient("L").resize((300, 400))


def shirt(size: int, left: int, top: int) -> list[tuple[float, float]]:
    return [(left + x * size / 100, top + y * size / 100) for x, y in SHIRT]


def photographed(
    background: Image.Image, colour: tuple[int, int, int], box: tuple[int, int, int] = (180, 60, 90)
) -> np.ndarray:
    photo = background.convert("RGB").resize((300, 400))
    ImageDraw.Draw(photo).polygon(shirt(*box), fill=colour)
    return prepare(encode(photo), "garment/2", SHAPE)[..., 0]


def expected() -> np.ndarray:
    """Return which pixels the shirt fills, bool."""
    large = Image.new("L", (280, 280))
    ImageDraw.Draw(large).polygon(shirt(280, 0, 0), fill=255)
    return np.asarray(large.resize((28, 28), Image.Resampling.BOX)) > 127


def same(found: np.ndarray, wanted: np.ndarray) -> float:
    """Return the share of the pixels of either shape that both have."""
    return float((found & wanted).sum() / (found | wanted).sum())


def colours(*levels: int) -> Image.Image:
    return Image.new("RGB", (300, 400), levels)


BACKGROUNDS = {
    "white": colours(255, 255, 255),
    "gray": colours(180, 180, 180),
    "red": colours(200, 40, 60),
    "wood": colours(150, 110, 60),
    "fading": FADING.point(lambda level: 120 + level // 2),
    "fading colours": Image.merge("RGB", (FADING, FADING.rotate(180), FADING.point(lambda _: 90))),
}


@pytest.mark.parametrize("name", BACKGROUNDS)
def test_a_dark_shirt_is_shown_bright_on_black_from_any_background(name: str) -> None:
    found = photographed(BACKGROUNDS[name], (20, 30, 60))
    assert same(found > 100, expected()) > 0.88
    assert abs(np.median(found[found > 100]) - (255 - 32)) < 10
    assert np.median(found[~expected()]) == 0


@pytest.mark.parametrize("name", ["red", "wood", "gray"])
def test_a_white_shirt_is_found_on_colours(name: str) -> None:
    found = photographed(BACKGROUNDS[name], (250, 250, 250))
    assert same(found > 30, expected()) > 0.9


def test_a_bright_garment_on_black_stays_as_it_is() -> None:
    found = photographed(colours(0, 0, 0), (200, 200, 200))
    assert same(found > 100, expected()) > 0.88
    assert np.median(found[found > 100]) == 200


def test_position_and_size_do_not_matter() -> None:
    corner = photographed(colours(255, 255, 255), (90, 90, 90), (120, 8, 8))
    middle = photographed(colours(255, 255, 255), (90, 90, 90), (250, 25, 70))
    assert same(corner > 80, middle > 80) > 0.88


def test_specks_and_objects_at_the_edge_are_ignored() -> None:
    cluttered = Image.effect_noise((300, 400), 24).point(lambda level: level // 3 + 130)
    ImageDraw.Draw(cluttered).rectangle((0, 0, 40, 60), fill=10)
    found = photographed(cluttered, (20, 30, 60))
    assert same(found > 100, expected()) > 0.85


def test_a_gray_image_of_the_models_size_is_prepared_already_and_a_coloured_one_is_not() -> None:
    gray = Image.fromarray(np.random.default_rng(0).integers(0, 256, SHAPE[:2], np.uint8))
    prepared = prepare(encode(gray), "garment/2", SHAPE)
    np.testing.assert_array_equal(prepared[..., 0], np.asarray(gray))
    white = Image.new("RGB", (28, 28), "white")
    ImageDraw.Draw(white).rectangle((10, 4, 17, 23), fill="black")
    found = prepare(encode(white), "garment/2", SHAPE)[..., 0]
    assert found[:, :8].max() == 0
    assert found[14, 14] == 255


@pytest.mark.parametrize("size", [(1, 1), (2, 1), (1, 900), (900, 3), (27, 28), (29, 28), (5, 5)])
@pytest.mark.parametrize("form", ["blank", "noise"])
def test_photos_without_a_subject_are_not_an_error(size: tuple[int, int], form: str) -> None:
    random = np.random.default_rng(1).integers(0, 256, (size[1], size[0], 3), np.uint8)
    photo = Image.fromarray(random) if form == "noise" else Image.new("RGB", size, (200, 30, 10))
    assert prepare(encode(photo), "garment/2", SHAPE).shape == SHAPE


def test_other_sizes_are_fitted_and_centred() -> None:
    photo = Image.new("RGB", (200, 200), "white")
    ImageDraw.Draw(photo).rectangle((20, 80, 179, 99), fill="black")
    found = prepare(encode(photo), "garment/2", (32, 48, 1))[..., 0]
    assert np.flatnonzero(found[:, 24] > 127).tolist() == list(range(12, 18))
    assert (found[15] > 127).all()
