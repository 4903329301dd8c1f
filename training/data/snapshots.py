"""Gray photos of things on black, changed to look like a phone's photos after `garment`.

Rotated, scaled, lighter or darker, blurred or sharpened, noisy; some garments on a person
(`training.data.person_compositing`). A whole batch is changed at once; how a photo changes is a
function of seed, epoch and the photo's index, as in `training.data.augmentation`.
"""

import numpy as np

from training.data.datasets import Split
from training.data.person_compositing import DRAWS as WORN_DRAWS
from training.data.person_compositing import PersonCompositor
from training.data.resampling import resampled
from training.recipe import Recipe
from training.settings import Snapshots

_DRAWS = 16  # Random numbers in [0, 1) for each photo.
_NOISE = 65_536  # Values that all photos share; each reads them at its own positions.


class SnapshotAugmenter:
    """Makes snapshots of some photos of each batch of one epoch."""

    def __init__(self, recipe: Recipe, split: Split, labels: tuple[str, ...], epoch: int) -> None:
        self._chosen = recipe.snapshots or Snapshots(share=0.0)
        self._people = PersonCompositor(split, labels)
        random = np.random.default_rng([recipe.seed, epoch, 3])
        photos = len(split) if recipe.snapshots else 0
        self._draws = random.random((photos, _DRAWS), np.float32)
        self._worn_draws = random.random((photos, WORN_DRAWS), np.float32)
        self._noise = random.standard_normal(_NOISE, np.float32)

    def __call__(self, photos: np.ndarray, indices: np.ndarray) -> np.ndarray:
        """Return the photos, some of them as snapshots.

        Args:
            photos: uint8 `[photos, height, width, 1]`; not changed.
            indices: int `[photos]`, of each among all training photos.

        Returns:
            uint8 of the same shape.
        """
        if not self._chosen.share:
            return photos
        draws = self._draws[indices]
        seen = draws[:, 0] < self._chosen.share
        made = photos.copy()
        made[seen, ..., 0] = self._snapshots(photos[seen, ..., 0], draws[seen], indices[seen])
        return made

    def _snapshots(self, photos: np.ndarray, draws: np.ndarray, indices: np.ndarray) -> np.ndarray:
        chosen = self._chosen
        seen = photos.astype(np.float32)
        worn = (draws[:, 1] < chosen.worn) & self._people.wearable(indices)
        seen[worn] = self._people.worn(seen[worn], indices[worn], self._worn_draws[indices[worn]])
        spread = 2 * draws[:, 2:, None, None] - 1
        seen = _moved(seen, chosen, spread)
        seen = _lit(seen, chosen, spread[:, 5], spread[:, 6])
        seen = _sharpened(seen, chosen.sharpness * spread[:, 7])
        noisy = draws[:, 10] < chosen.noisy
        seen[noisy] += self._noise_of(seen[noisy].shape, draws[noisy, 11:14])
        return np.clip(np.rint(seen), 0, 255).astype(np.uint8)

    def _noise_of(self, shape: tuple[int, ...], draws: np.ndarray) -> np.ndarray:
        first, step = (draws[:, :2] * _NOISE).astype(np.int64).T[:, :, None]
        indices = (first + np.arange(shape[1] * shape[2]) * (2 * step + 1)) % _NOISE
        strength = self._chosen.noise * draws[:, 2, None, None]
        return np.asarray(self._noise[indices].reshape(shape) * strength)


def _moved(photos: np.ndarray, chosen: Snapshots, spread: np.ndarray) -> np.ndarray:
    """Rotate, scale and stretch each photo around its centre."""
    _, height, width = photos.shape
    turn = np.deg2rad(chosen.turn) * spread[:, 0]
    size, stretch = np.exp(chosen.zoom * spread[:, 1]), np.exp(chosen.stretch * spread[:, 2])
    across = np.arange(width, dtype=np.float32)[None, None, :] - (width - 1) / 2
    down = np.arange(height, dtype=np.float32)[None, :, None] - (height - 1) / 2
    columns = (np.cos(turn) * across + np.sin(turn) * down) / (size * stretch)
    rows = (np.cos(turn) * down - np.sin(turn) * across) / (size / stretch)
    return resampled(photos, rows + (height - 1) / 2, columns + (width - 1) / 2)


def _lit(photos: np.ndarray, chosen: Snapshots, curve: np.ndarray, gain: np.ndarray) -> np.ndarray:
    """Change gamma and gain: another light, another camera."""
    levels = np.clip(photos, 0, 255) / 255
    lit = 255 * (1 + chosen.gain * gain) * levels ** np.exp(chosen.gamma * curve)
    return np.asarray(np.clip(lit, 0, 255))


def _sharpened(photos: np.ndarray, strength: np.ndarray) -> np.ndarray:
    """Blur (-1: to the mean of 3×3 pixels) or sharpen (1: by the same difference)."""
    _, height, width = photos.shape
    padded = np.pad(photos, ((0, 0), (1, 1), (1, 1)), mode="edge")
    rows = padded[:, :height] + padded[:, 1:-1] + padded[:, 2:]
    means = (rows[:, :, :width] + rows[:, :, 1:-1] + rows[:, :, 2:]) / 9
    return np.asarray(photos + strength * (photos - means))
