"""Garments composited onto a person: a head above, trousers or legs below, bare arms.

Shops photograph many garments on people. Fashion-MNIST has no photo with a head, so a network that
is trained on it alone classifies a shirt on a man as a coat. On 28×28 pixels, a person is a few
ellipses and stripes; trousers and hems come from other training photos.
"""

import numpy as np

from training.data.datasets import Split
from training.data.resampling import resampled

DRAWS = 20  # Random numbers in [0, 1) for each photo.

_SLEEVES = {"T-shirt/top": 0.8, "Dress": 0.6, "Shirt": 0.35, "Pullover": 0.35, "Coat": 0.35}
"""Garments for the upper body, and how often their arms are bare."""
_HEM = ("T-shirt/top", "Pullover", "Coat", "Shirt")
_SOLID = 12  # Levels above this belong to a garment.


class PersonCompositor:
    """Shows garments of a split on a person, together with other garments of the split."""

    def __init__(self, split: Split, labels: tuple[str, ...]) -> None:
        self._split = split
        bare = [*(_SLEEVES.get(label, -1.0) for label in labels), -1.0]  # The last: of no class.
        self._bare = np.array(bare, np.float32)[split.classes]
        self._trousers = np.flatnonzero(split.classes == _class_of("Trouser", labels))
        hems = [_class_of(label, labels) for label in _HEM]
        self._tops = np.flatnonzero(np.isin(split.classes, hems))
        self._below = np.zeros(len(split), bool)
        self._below[self._trousers] = True
        self._short = split.classes == _class_of("Dress", labels)

    def wearable(self, indices: np.ndarray) -> np.ndarray:
        """Return which of the photos at these indices can be shown on a person, bool `[photos]`."""
        if not (len(self._trousers) and len(self._tops)):
            return np.zeros(len(indices), bool)
        return np.asarray((self._bare[indices] >= 0) | self._below[indices])

    def worn(self, photos: np.ndarray, indices: np.ndarray, draws: np.ndarray) -> np.ndarray:
        """Show garments on a person.

        Args:
            photos: of wearable garments, float32 `[photos, height, width]`, bright on black.
            indices: int `[photos]`, in the split.
            draws: float `[photos, DRAWS]` in [0, 1).

        Returns:
            float32 `[photos, height, width]`.
        """
        worn = np.empty_like(photos)
        below = self._below[indices]
        tops = self._others(self._tops, draws[below, 0])
        worn[below] = _trousers_worn(photos[below], tops, draws[below])
        above, drawn = ~below, draws[~below]
        trousers = self._others(self._trousers, drawn[:, 0])
        short, bare = self._short[indices[above]], self._bare[indices[above]]
        worn[above] = _top_worn(photos[above], trousers, short, drawn[:, 1] < bare, drawn)
        return worn

    def _others(self, indices: np.ndarray, draws: np.ndarray) -> np.ndarray:
        chosen = indices[(draws * len(indices)).astype(np.int64)]
        return np.asarray(self._split.photos[chosen])[..., 0].astype(np.float32)


def _class_of(label: str, labels: tuple[str, ...]) -> int:
    return labels.index(label) if label in labels else -1


def _trousers_worn(photos: np.ndarray, tops: np.ndarray, draws: np.ndarray) -> np.ndarray:
    """Show trousers under the hem of a top."""
    rows, columns = _grid(photos)
    middle = (photos.shape[2] - 1) / 2
    size = _between(draws[:, 2], 0.72, 0.95)
    waist = photos.shape[1] * (1 - size)
    worn = resampled(photos, (rows - waist) / size, (columns - middle) / size + middle)
    hem = resampled(tops, rows + photos.shape[1] - waist - 2, columns)
    return np.where(worn > _SOLID, worn, hem * (rows < waist + 2))


def _top_worn(
    photos: np.ndarray, trousers: np.ndarray, short: np.ndarray, bare: np.ndarray, draws: np.ndarray
) -> np.ndarray:
    """Show garments on a person with a head, arms if `bare`, and trousers or, if `short`, legs."""
    figure = _Figure(photos.shape, draws)
    garment = figure.dressed_in(photos)
    person = np.where(short[:, None, None], figure.legs() * figure.skin, figure.below(trousers))
    arms = figure.arms(garment) & bare[:, None, None]
    person = np.where(arms, np.maximum(person, figure.skin), person)
    person = figure.with_head(person)
    solid = np.clip((garment - 4) / 16, 0, 1)
    return np.asarray(person * (1 - solid) + garment * solid)


class _Figure:
    """Positions of the body parts of one person in each photo; all values are `[photos, 1, 1]`."""

    def __init__(self, shape: tuple[int, ...], draws: np.ndarray) -> None:
        _, height, self._width = shape
        self._rows, self._columns = _grid(np.empty(shape, bool))
        self._draws = draws
        self._middle = (self._width - 1) / 2
        self._size = _between(draws[:, 2], 0.55, 0.85)
        self._length = height * self._size
        self._top = height * (1 - self._size) * _between(draws[:, 3], 0.35, 1)
        self._hem = self._top + self._length
        self._centre = self._middle + _between(draws[:, 4], -1, 1)
        self.skin = _between(draws[:, 6], 50, 150)

    def dressed_in(self, garments: np.ndarray) -> np.ndarray:
        """Place garments between neck and hem."""
        wide = self._size * _between(self._draws[:, 5], 0.85, 1.1)
        columns = (self._columns - self._centre) / wide + self._middle
        return resampled(garments, (self._rows - self._top) / self._size, columns)

    def below(self, trousers: np.ndarray) -> np.ndarray:
        """Place trousers below the hem, cut off at the edge of the photo."""
        wide = _between(self._draws[:, 7], 0.9, 1.3)
        columns = (self._columns - self._centre) / wide + self._middle
        return resampled(trousers, (self._rows - self._hem + 2) / wide, columns)

    def legs(self) -> np.ndarray:
        """Return the pixels of two bare legs below the hem."""
        apart = _between(self._draws[:, 8], 1, 2.2) * self._size * 1.4
        thick = _between(self._draws[:, 9], 0.8, 1.4)
        across = np.abs(np.abs(self._columns - self._centre) - apart)
        return np.asarray((across < thick) & (self._rows > self._hem - 2))

    def arms(self, garment: np.ndarray) -> np.ndarray:
        """Return the pixels of two bare arms below the sleeves of a garment."""
        shoulder = (self._top + 0.3 * self._length).astype(np.int64)
        at = np.minimum(shoulder, garment.shape[1] - 1)
        row = np.asarray(np.take_along_axis(garment, at, axis=1) > _SOLID)
        left = row.argmax(axis=2)[:, :, None]
        right = self._width - 1 - row[:, :, ::-1].argmax(axis=2)[:, :, None]
        outwards = _between(self._draws[:, 10], -0.12, 0.12) * (self._rows - shoulder) - 0.8
        across = np.minimum(
            np.abs(self._columns - left + outwards), np.abs(self._columns - right - outwards)
        )
        end = self._top + self._length * _between(self._draws[:, 11], 0.9, 1.15)
        along = (self._rows > self._top + 0.25 * self._length) & (self._rows < end)
        return np.asarray((across < 1.1) & along & row.any(axis=2, keepdims=True))

    def with_head(self, person: np.ndarray) -> np.ndarray:
        """Draw neck, face and hair over a person; some have long hair."""
        draws = self._draws
        hair = _between(draws[:, 12], 120, 255)
        wide = _between(draws[:, 13], 2, 3.2) * self._size * 1.35
        high = np.maximum(self._top * 0.55, wide * 1.1)
        middle = self._top - high * _between(draws[:, 14], 0.75, 1)
        across = np.abs(self._columns - self._centre)
        neck = (across < wide * 0.55) & (self._rows > middle) & (self._rows < self._top + 2)
        person = np.where(neck, self.skin, person)
        long = self._ellipse(middle + 0.6 * high, 1.6 * high, 1.25 * wide)
        person = _over(person, hair, long * (draws[:, 15] < 0.4)[:, None, None])
        person = _over(person, self.skin, self._ellipse(middle, high, wide))
        cap = self._ellipse(middle - 0.35 * high, 0.8 * high, 1.08 * wide)
        return _over(person, hair, cap * (self._rows < middle - 0.15 * high))

    def _ellipse(self, row: np.ndarray, high: np.ndarray, wide: np.ndarray) -> np.ndarray:
        """Return the coverage of each pixel by an ellipse on the body's axis, 0–1."""
        across, down = (self._columns - self._centre) / wide, (self._rows - row) / high
        return np.asarray(np.clip(3 * (1.15 - across**2 - down**2), 0, 1))


def _over(below: np.ndarray, level: np.ndarray, opacity: np.ndarray) -> np.ndarray:
    return np.asarray(below * (1 - opacity) + level * opacity)


def _grid(photos: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the rows `[1, height, 1]` and columns `[1, 1, width]` of photos."""
    _, height, width = photos.shape
    rows, columns = np.arange(height, dtype=np.float32), np.arange(width, dtype=np.float32)
    return rows[None, :, None], columns[None, None, :]


def _between(draws: np.ndarray, low: float, high: float) -> np.ndarray:
    """Map draws in [0, 1) to values between low and high, `[photos, 1, 1]`."""
    return np.asarray(low + (high - low) * draws[:, None, None])
