"""Small pictures of photos, for people to look at and to find near copies with."""

import io

import numpy as np
from PIL import Image, ImageOps

from serving.photos.registry import Preparation
from training.data.photo_limits import prepare_photo

EDGE = 288
"""Width and height of a thumbnail, in pixels."""

_CELLS = 16
_NEAR = 8.0  # Levels of 255. Saved again as JPEG 30 or shrunk by half: below 3.


def _fit(photo: Image.Image, width: int, height: int) -> Image.Image:
    return ImageOps.pad(photo, (width, height), color="white")


_PREPARATION = Preparation(_fit, needs_colour=True, margin=2, longest_edge_only=True)


def thumbnail(encoded: bytes) -> np.ndarray:
    """Return the whole photo, upright, in the middle of white: uint8 `[EDGE, EDGE, 3]`.

    Raises:
        BadPhoto: one of its kinds, saying what is wrong with this photo.
    """
    return prepare_photo(encoded, _PREPARATION, (EDGE, EDGE, 3))


def as_jpeg(pixels: np.ndarray) -> bytes:
    """Return a thumbnail as the bytes of a JPEG, of some 15 kB."""
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=80, optimize=True)
    return file.getvalue()


def tiny_image(pixels: np.ndarray) -> np.ndarray:
    """Return the mean colours of 16 × 16 cells of a thumbnail, float32 `[768]` (0 to 255).

    Photos are compared by them as tiny images (Torralba et al. 2008).
    """
    side = EDGE // _CELLS
    cells = pixels.reshape(_CELLS, side, _CELLS, side, 3)
    return np.asarray(cells.mean(axis=(1, 3), dtype=np.float32)).ravel()


class NearCopies:
    """Finds photos that are the same picture saved again: smaller, re-encoded, slightly brighter.

    Two photos of the same thing are none: on the same background, other things are as similar.
    """

    def __init__(self) -> None:
        self._known = np.empty((256, 3 * _CELLS**2), np.float32)
        self._count = 0

    def is_new(self, tiny: np.ndarray) -> bool:
        """Whether a tiny image differs from all before by 8 of 255 levels (root mean square)."""
        differences = self._known[: self._count] - tiny
        if (np.sqrt((differences**2).mean(axis=1)) < _NEAR).any():
            return False
        if self._count == len(self._known):
            self._known = np.concatenate([self._known, np.empty_like(self._known)])
        self._known[self._count] = tiny
        self._count += 1
        return True
