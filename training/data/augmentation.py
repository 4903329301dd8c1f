"""Random augmentation of training photos, on uint8 pixels, with NumPy and Pillow alone.

The augmentation of a photo is a function of the seed, the epoch and the photo's index, never of the
order in which worker threads take it: a run can be repeated and continued.
"""

import io

import numpy as np
from PIL import Image

from training.recipe import Recipe
from training.settings import Augmentation

_DRAWS = 12  # Random numbers in [0, 1) for each photo.
_BEST_JPEG = 95  # Pillow's advice: above it, files grow and photos hardly change.


class Augmenter:
    """Augments the photos of one epoch and resizes them to the fit size."""

    def __init__(self, recipe: Recipe, photos: int, epoch: int) -> None:
        self._chosen = recipe.augmentation
        height, width, _ = recipe.shape
        self._size = (recipe.fit_size or width, recipe.fit_size or height)
        random = np.random.default_rng([recipe.seed, epoch, 1])
        self._draws = random.random((photos, _DRAWS), np.float32)
        self._holes = np.random.default_rng([recipe.seed, epoch, 2]).random((photos, 2), np.float32)
        self._jpegs = np.random.default_rng([recipe.seed, epoch, 4]).random((photos, 2), np.float32)

    def __call__(self, photo: np.ndarray, index: int) -> np.ndarray:
        """Return one photo, augmented; see `batch`."""
        return np.asarray(self.batch(photo[None], np.array([index]))[0])

    def batch(self, photos: np.ndarray, indices: np.ndarray) -> np.ndarray:
        """Return several photos, each augmented.

        Args:
            photos: uint8 `[photos, height, width, channels]`; not changed.
            indices: int `[photos]`, of each among all training photos.

        Returns:
            uint8 `[photos, height, width, channels]` of the recipe's shape or fit size.
        """
        chosen, draws = self._chosen, self._draws[indices]
        cropped = chosen.crop_area < 1 or chosen.crop_aspect > 1
        if cropped or _changes_levels(chosen) or photos.shape[2:0:-1] != self._size:
            pairs = zip(photos, draws, strict=True)
            photos = np.stack([self._resampled(photo, numbers) for photo, numbers in pairs])
        if chosen.jpeg:
            pairs = zip(photos, self._jpegs[indices], strict=True)
            photos = np.stack([_encoded(photo, chosen.jpeg, numbers) for photo, numbers in pairs])
        if chosen.flip:
            mirrored = draws[:, 9, None, None, None] < 0.5
            photos = np.where(mirrored, photos[:, :, ::-1], photos)
        if chosen.shift:
            photos = _shift(photos, chosen.shift, draws[:, 10:12])
        if chosen.cutout:
            photos = _cutout(photos, chosen.cutout, self._holes[indices])
        return photos

    def _resampled(self, photo: np.ndarray, draws: np.ndarray) -> np.ndarray:
        chosen = self._chosen
        channels = photo.shape[2]
        image = Image.fromarray(photo[..., 0] if channels == 1 else photo)
        box = _crop(image, chosen, draws[0:4])
        if box != (0, 0, *image.size) or image.size != self._size:
            image = image.resize(self._size, Image.Resampling.BILINEAR, box=box)
        if _changes_levels(chosen):
            image = image.point(_levels(image, chosen, draws[4:9]))
        return np.asarray(image).reshape(self._size[1], self._size[0], channels)


def _changes_levels(chosen: Augmentation) -> bool:
    return chosen.brightness > 1 or bool(chosen.contrast or chosen.colour)


def _crop(
    image: Image.Image, chosen: Augmentation, draws: np.ndarray
) -> tuple[float, float, float, float]:
    """Choose a rectangle: left, top, right, bottom, in pixels."""
    area, stretch, across, down = draws.tolist()
    side = (chosen.crop_area + (1 - chosen.crop_area) * area) ** 0.5
    stretch = chosen.crop_aspect ** (stretch - 0.5)
    width, height = image.width * min(1, side * stretch), image.height * min(1, side / stretch)
    left, top = across * (image.width - width), down * (image.height - height)
    return left, top, left + width, top + height


def _levels(image: Image.Image, chosen: Augmentation, draws: np.ndarray) -> list[int]:
    """Return the new value of each of the 256 levels of each channel."""
    spread = 2 * draws - 1
    mean = np.asarray(image)[::4, ::4].mean()
    contrasted = (np.arange(256) - mean) * (1 + chosen.contrast * spread[0]) + mean
    gains = chosen.brightness ** spread[1] * (1 + chosen.colour * spread[2:])
    levels = np.outer(gains[: len(image.getbands())], contrasted)
    return np.clip(levels.round(), 0, 255).astype(int).ravel().tolist()


def _encoded(photo: np.ndarray, lowest: int, draws: np.ndarray) -> np.ndarray:
    """Encode half of the photos as JPEG, with a random quality, and decode them."""
    if draws[0] >= 0.5:
        return photo
    file = io.BytesIO()
    image = Image.fromarray(photo[..., 0] if photo.shape[2] == 1 else photo)
    image.save(file, "JPEG", quality=round(lowest + (_BEST_JPEG - lowest) * float(draws[1])))
    with Image.open(file) as decoded:
        return np.asarray(decoded).reshape(photo.shape)


def _shift(photos: np.ndarray, limit: int, draws: np.ndarray) -> np.ndarray:
    """Move each photo by whole pixels and repeat its edge."""
    count, height, width, _ = photos.shape
    down, right = (draws * (2 * limit + 1) // 1 - limit).astype(np.int64).T[:, :, None]
    rows = np.clip(np.arange(height) - down, 0, height - 1)
    columns = np.clip(np.arange(width) - right, 0, width - 1)
    moved = photos[np.arange(count)[:, None, None], rows[:, :, None], columns[:, None, :]]
    return np.asarray(moved)


def _cutout(photos: np.ndarray, side: int, draws: np.ndarray) -> np.ndarray:
    """Fill a square of each photo with its mean; part of the square may be outside.

    Source: DeVries & Taylor, 2017, https://arxiv.org/abs/1708.04552.
    """
    _, height, width, _ = photos.shape
    top, left = (draws * (height, width) // 1 - side // 2).T[:, :, None]
    rows, columns = np.arange(height), np.arange(width)
    within_rows = (top <= rows) & (rows < top + side)
    within_columns = (left <= columns) & (columns < left + side)
    hole = within_rows[:, :, None, None] & within_columns[:, None, :, None]
    means = photos.mean(axis=(1, 2), keepdims=True).round().astype(np.uint8)
    return np.asarray(np.where(hole, means, photos))
