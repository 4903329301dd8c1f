"""The limits of the photos that are trained on: far above those of uploads, and all known formats.

Strangers send uploads, but these photos are the user's own: none may be left out because a phone
made it large. Within the gateway's limits their pixels are those of the gateway.
"""

from threading import Lock

import numpy as np
from PIL import Image

from serving.photos import Shape, prepare
from serving.photos.errors import TooCostly, TooManyPixels
from serving.photos.formats_and_limits import DEFAULT_LIMITS, KNOWN_FORMATS, PhotoLimits
from serving.photos.registry import Preparation

TRAINING_LIMITS = PhotoLimits(
    formats=KNOWN_FORMATS,
    max_pixels=200_000_000,  # Phones have up to 16,320×12,240.
    max_decoded_pixels=100_000_000,
    max_png_pixels=100_000_000,
    max_png_bytes=600_000_000,
    max_webp_pixels=60_000_000,
    max_tiff_pixels=100_000_000,
    max_avif_pixels=60_000_000,
    max_heic_pixels=60_000_000,
    max_side=65_535,
    max_coefficients=300_000_000,
    max_jpeg_segments=10_000,
    max_chunks=1_000_000,
    max_exif_bytes=16_000_000,
    max_profile_bytes=16_000_000,
    max_text_bytes=64_000_000,
)
"""Decoding takes at most about 1.5 GB: files that would become more are refused here, too."""

# Those that the gateway decodes in a worker, for several at once.
_USUAL = PhotoLimits(
    formats=KNOWN_FORMATS,
    max_png_pixels=DEFAULT_LIMITS.max_decoded_pixels,
    max_png_bytes=DEFAULT_LIMITS.worker_png_bytes,
    max_webp_pixels=DEFAULT_LIMITS.worker_webp_pixels,
    max_avif_pixels=12_000_000,
    max_heic_pixels=12_000_000,
    max_coefficients=DEFAULT_LIMITS.worker_coefficients,
)
_one_large_photo = Lock()

# Pillow warns above this number; `PhotoLimits` are checked before anything is decoded.
Image.MAX_IMAGE_PIXELS = TRAINING_LIMITS.max_pixels


def prepare_photo(encoded: bytes, preparation: str | Preparation, shape: Shape) -> np.ndarray:
    """Prepare a photo to train on, as `serving.photos.prepare` does, within `TRAINING_LIMITS`.

    Threads may call it; photos above the usual limits are decoded one at a time, to save memory.

    Raises:
        BadPhoto: one of its kinds, saying what is wrong with this photo.
    """
    try:
        return prepare(encoded, preparation, shape, _USUAL)
    except (TooManyPixels, TooCostly):
        pass  # Outside of the handler, so that the first attempt's memory is free.
    with _one_large_photo:
        return prepare(encoded, preparation, shape, TRAINING_LIMITS)
