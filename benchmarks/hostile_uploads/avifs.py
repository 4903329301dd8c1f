"""AVIFs that cost much: dense ones, and ones larger than their container declares."""

import io

import numpy as np
from PIL import Image


def lying(size: tuple[int, int], declared: tuple[int, int]) -> bytes:
    """Return a flat picture whose container (its property `ispe`) declares another size."""
    file = io.BytesIO()
    Image.new("RGB", size, "blue").save(file, "AVIF", subsampling="4:4:4", speed=10)
    actual, other = (
        b"".join(side.to_bytes(4, "big") for side in each) for each in (size, declared)
    )
    return file.getvalue().replace(actual, other)


def noisy(size: tuple[int, int]) -> bytes:
    """Return a picture of noise with transparency, hardly compressed."""
    noise = np.random.default_rng(0).integers(0, 256, (size[1] // 4, size[0] // 4, 4), np.uint8)
    file = io.BytesIO()
    image = Image.fromarray(noise.repeat(4, 0).repeat(4, 1))
    image.save(file, "AVIF", quality=95, subsampling="4:4:4", speed=10)
    return file.getvalue()
