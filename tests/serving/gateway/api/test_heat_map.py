"""The heat map: large enough, bright where it is hot, readable in gray."""

import io

import numpy as np
import pytest
from PIL import Image

from serving.gateway.api.heat_map import overlay

HEAT = np.array([[0, 0, 0], [0, 0, 1], [0, 0, 0]], np.float32)


def drawn(pixels: np.ndarray) -> Image.Image:
    picture = Image.open(io.BytesIO(overlay(pixels, HEAT)))
    assert picture.format == "PNG"
    return picture


@pytest.mark.parametrize(
    ("shape", "size"),
    [
        ((28, 28, 1), (448, 448)),
        ((150, 150, 3), (450, 450)),
        ((20, 40, 3), (480, 240)),
        ((600, 500, 3), (500, 600)),
    ],
)
def test_small_photos_are_enlarged(shape: tuple[int, ...], size: tuple[int, int]) -> None:
    assert drawn(np.full(shape, 100, np.uint8)).size == size


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("level", [0, 128, 255])
def test_hot_is_brighter_in_gray_too(channels: int, level: int) -> None:
    gray = np.asarray(drawn(np.full((30, 30, channels), level, np.uint8)).convert("L"), int)
    hot, cold = gray[225, 400], gray[225, 50]
    assert hot > cold + 60


def test_the_photo_shows_through() -> None:
    pixels = np.zeros((30, 30, 1), np.uint8)
    pixels[:, :10] = 255
    gray = np.asarray(drawn(pixels).convert("L"), int)
    assert gray[20, 50] > gray[20, 250] + 60
