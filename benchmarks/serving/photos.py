"""The photos to post, drawn here so that no data set is needed."""

import io

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

# Name: width, height, bytes of the JPEG.
PHOTOS = {"small": (600, 800, 29_000), "large": (3024, 4032, 800_000)}
_TOLERANCE = 0.03


def make_photo(name: str) -> bytes:
    """Return a JPEG of one of `PHOTOS`: a dark garment on a light, uneven background.

    The quality is 75, which is usual for phones and browsers; the noise is chosen so that the file
    has the intended size within 3%.
    """
    width, height, size = PHOTOS[name]
    drawn = np.asarray(_draw(width, height), np.float32)
    noise = np.random.default_rng(1).standard_normal((height, width, 1), np.float32)
    low, high = 0.0, 60.0
    for _ in range(12):
        grain = (low + high) / 2
        pixels = (drawn + grain * noise).clip(0, 255).astype(np.uint8)
        encoded = _jpeg(Image.fromarray(pixels))
        if abs(len(encoded) - size) <= _TOLERANCE * size:
            break
        low, high = (grain, high) if len(encoded) < size else (low, grain)
    return encoded


def _draw(width: int, height: int) -> Image.Image:
    x, y = np.meshgrid(np.linspace(0, 1, width), np.linspace(0, 1, height))
    light = 215 + 25 * x - 30 * y
    ground = np.stack([light, light - 6, light - 14], axis=-1)
    photo = Image.fromarray(ground.clip(0, 255).astype(np.uint8))
    shirt = [(30, 15), (45, 20), (55, 20), (70, 15), (90, 35), (80, 45), (72, 38), (72, 90)]
    shirt += [(28, 90), (28, 38), (20, 45), (10, 35)]
    outline = [(a * width // 100, b * height // 100) for a, b in shirt]
    ImageDraw.Draw(photo).polygon(outline, fill=(40, 60, 110))
    return photo.filter(ImageFilter.GaussianBlur(1))


def _jpeg(photo: Image.Image) -> bytes:
    file = io.BytesIO()
    photo.save(file, "JPEG", quality=75)
    return file.getvalue()
