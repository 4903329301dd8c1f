"""Random variation of training photos, on uint8 pixels, with NumPy and Pillow alone.

What happens to a photo is a function of the seed, the epoch and the photo's index, never of the
order in which worker threads come to it: a run can be repeated and continued.
"""

import numpy as np
from PIL import Image

from training.recipe import Augmentation

_DRAWS = 12  # Random numbers in [0, 1) for each photo.


class Augmenter:
    """Varies the photos of one epoch."""

    def __init__(self, augmentation: Augmentation, photos: int, seed: int, epoch: int) -> None:
        self._augmentation = augmentation
        draws = np.random.default_rng([seed, epoch, 1]).random((photos, _DRAWS), np.float32)
        self._draws = draws

    def __call__(self, photo: np.ndarray, index: int) -> np.ndarray:
        """Return a variation of a photo.

        Args:
            photo: uint8 `[height, width, channels]`; not changed.
            index: its place among all training photos.

        Returns:
            uint8 of the same shape.
        """
        chosen, draws = self._augmentation, self._draws[index]
        if chosen.crop_area < 1 or chosen.crop_aspect > 1:
            photo = _crop(photo, chosen, draws[0:4])
        if chosen.shift:
            photo = _shift(photo, chosen.shift, draws[4:6])
        if chosen.flip and draws[6] < 0.5:
            photo = photo[:, ::-1]
        if chosen.brightness or chosen.contrast or chosen.colour:
            photo = _tint(photo, chosen, draws[7:12])
        return photo


def _crop(photo: np.ndarray, chosen: Augmentation, draws: np.ndarray) -> np.ndarray:
    """Cut a random rectangle and resize it to the whole."""
    height, width, channels = photo.shape
    area = chosen.crop_area + (1 - chosen.crop_area) * draws[0]
    stretch = chosen.crop_aspect ** (draws[1] - 0.5)
    wide = width * min(1.0, float(np.sqrt(area) * stretch))
    high = height * min(1.0, float(np.sqrt(area) / stretch))
    left, top = float(draws[2]) * (width - wide), float(draws[3]) * (height - high)
    image = Image.fromarray(photo[..., 0] if channels == 1 else photo)
    box = (left, top, left + wide, top + high)
    resized = image.resize((width, height), Image.Resampling.BILINEAR, box=box)
    return np.asarray(resized).reshape(photo.shape)


def _shift(photo: np.ndarray, most: int, draws: np.ndarray) -> np.ndarray:
    """Move a photo by whole pixels, repeating its edge."""
    down, right = (int(steps) for steps in np.floor(draws * (2 * most + 1)) - most)
    rows = np.clip(np.arange(photo.shape[0]) - down, 0, photo.shape[0] - 1)
    columns = np.clip(np.arange(photo.shape[1]) - right, 0, photo.shape[1] - 1)
    return photo[rows[:, None], columns]


def _tint(photo: np.ndarray, chosen: Augmentation, draws: np.ndarray) -> np.ndarray:
    """Scale contrast, brightness and each channel, by one table of 256 levels for each channel."""
    spread = 2 * draws - 1
    contrast = 1 + chosen.contrast * spread[0]
    gains = (1 + chosen.brightness * spread[1]) * (1 + chosen.colour * spread[2:])
    mean = photo[::4, ::4].mean()
    levels = (np.arange(256) - mean) * contrast + mean
    channels = photo.shape[-1]
    tables = np.clip(levels * gains[:channels, None], 0, 255).astype(np.uint8)
    return np.stack([tables[channel][photo[..., channel]] for channel in range(channels)], axis=-1)
