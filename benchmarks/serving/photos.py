"""The photos to post, drawn here so that no data set is needed."""

import io

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

# Name: width, height, bytes of the JPEG.
PHOTOS = {
    "small": (600, 800, 29_000),
    "large": (3024, 4032, 800_000),
    "camera": (3024, 4032, 3_500_000),
}
_TOLERANCE = 0.03

# Outlines in percent of the width and of the height.
_SHIRT = [(30, 15), (45, 20), (55, 20), (70, 15), (90, 35), (80, 45), (72, 38), (72, 90)]
_SHIRT += [(28, 90), (28, 38), (20, 45), (10, 35)]
_TROUSERS = [(34, 8), (66, 8), (74, 92), (56, 92), (50, 35), (44, 92), (26, 92)]
_BAG = [(10, 88), (15, 40), (30, 40), (38, 18), (62, 18), (70, 40), (64, 40), (58, 24)]
_BAG += [(42, 24), (36, 40), (85, 40), (90, 88)]
_BOOT = [(35, 10), (62, 10), (62, 58), (92, 72), (94, 88), (34, 88)]
GARMENTS = {"shirt": _SHIRT, "trousers": _TROUSERS, "bag": _BAG, "boot": _BOOT}


def make_photo(name: str, garment: str = "shirt") -> bytes:
    """Return a JPEG of one of `PHOTOS`: a dark garment on a light, uneven background.

    The quality is 75, which is usual for phones and browsers; the noise is chosen so that the file
    has the intended size within 3%.
    """
    width, height, size = PHOTOS[name]
    drawn = np.asarray(_draw(width, height, GARMENTS[garment]), np.float32)
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


def _draw(width: int, height: int, garment: list[tuple[int, int]]) -> Image.Image:
    x, y = np.meshgrid(np.linspace(0, 1, width), np.linspace(0, 1, height))
    light = 215 + 25 * x - 30 * y
    ground = np.stack([light, light - 6, light - 14], axis=-1)
    photo = Image.fromarray(ground.clip(0, 255).astype(np.uint8))
    outline = [(a * width // 100, b * height // 100) for a, b in garment]
    ImageDraw.Draw(photo).polygon(outline, fill=(40, 60, 110))
    return photo.filter(ImageFilter.GaussianBlur(1))


def _jpeg(photo: Image.Image) -> bytes:
    file = io.BytesIO()
    photo.save(file, "JPEG", quality=75)
    return file.getvalue()
