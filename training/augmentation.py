"""Random variation of training photos, on uint8 pixels, with NumPy and Pillow alone.

What happens to a photo is a function of the seed, the epoch and the photo's index, never of the
order in which worker threads come to it: a run can be repeated and continued.
"""

import numpy as np
from PIL import Image

from training.recipe import Augmentation, Recipe

_DRAWS = 12  # Random numbers in [0, 1) for each photo.


class Augmenter:
    """Varies the photos of one epoch and resizes them to the size that is fitted."""

    def __init__(self, recipe: Recipe, photos: int, epoch: int) -> None:
        self._chosen = recipe.augmentation
        height, width, _ = recipe.shape
        self._size = (recipe.fit_size or width, recipe.fit_size or height)
        random = np.random.default_rng([recipe.seed, epoch, 1])
        self._draws = random.random((photos, _DRAWS), np.float32)

    def __call__(self, photo: np.ndarray, index: int) -> np.ndarray:
        """Return a variation of a photo.

        Args:
            photo: uint8 `[height, width, channels]`; not changed.
            index: its place among all training photos.

        Returns:
            uint8 `[height, width, channels]` of the recipe's shape or fit size.
        """
        chosen, draws = self._chosen, self._draws[index]
        channels = photo.shape[2]
        image = Image.fromarray(photo[..., 0] if channels == 1 else photo)
        box = _crop(image, chosen, draws[0:4])
        if box != (0, 0, *image.size) or image.size != self._size:
            image = image.resize(self._size, Image.Resampling.BILINEAR, box=box)
        if chosen.brightness or chosen.contrast or chosen.colour:
            image = image.point(_levels(image, chosen, draws[4:9]))
        if chosen.flip and draws[9] < 0.5:
            image = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
        varied = np.asarray(image).reshape(self._size[1], self._size[0], channels)
        return _shift(varied, chosen.shift, draws[10:12]) if chosen.shift else varied


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
    """Return what each of the 256 levels of each channel becomes."""
    spread = 2 * draws - 1
    mean = np.asarray(image)[::4, ::4].mean()
    contrasted = (np.arange(256) - mean) * (1 + chosen.contrast * spread[0]) + mean
    gains = (1 + chosen.brightness * spread[1]) * (1 + chosen.colour * spread[2:])
    levels = np.outer(gains[: len(image.getbands())], contrasted)
    return np.clip(levels.round(), 0, 255).astype(int).ravel().tolist()


def _shift(photo: np.ndarray, most: int, draws: np.ndarray) -> np.ndarray:
    """Move a photo by whole pixels, repeating its edge."""
    height, width, _ = photo.shape
    down, right = (int(steps) for steps in draws * (2 * most + 1) // 1 - most)
    rows = np.clip(np.arange(height) - down, 0, height - 1)
    columns = np.clip(np.arange(width) - right, 0, width - 1)
    return photo[rows[:, None], columns]
