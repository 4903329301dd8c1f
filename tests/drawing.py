"""Images that the tests draw, so that they need no data."""

import io
from typing import Any

import numpy as np
from PIL import Image, ImageDraw


def photo(size: tuple[int, int] = (80, 60), mode: str = "RGB") -> Image.Image:
    """Draw a photo with a gradient, a bright corner and a dark one: no two sides are alike."""
    width, height = size
    x, y = np.meshgrid(np.linspace(0, 1, width), np.linspace(0, 1, height))
    pixels = np.stack([255 * x, 255 * y, 255 * (1 - x) * y], axis=-1).astype(np.uint8)
    image = Image.fromarray(pixels)
    ImageDraw.Draw(image).rectangle((0, 0, width // 4, height // 4), fill=(250, 240, 10))
    return image.convert(mode)


def encode(image: Image.Image, form: str = "PNG", **options: Any) -> bytes:
    """Return the image as a file's bytes."""
    file = io.BytesIO()
    image.save(file, form, **options)
    return file.getvalue()


def encoded_photo(form: str = "JPEG", size: tuple[int, int] = (80, 60)) -> bytes:
    """Return a drawn photo as a file's bytes."""
    return encode(photo(size), form)
