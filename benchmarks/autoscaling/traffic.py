"""The photos of a day: how many arrive when, and what each costs."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

_CHUNK_SECONDS = 10.0
HOUR = 3600.0


@dataclass(frozen=True)
class Photo:
    """What a photo costs the gateway.

    Attributes:
        cpu_seconds: mean processor time.
        variation: standard deviation of the processor time, as a fraction of its mean.
        model_seconds: from the call of the model server to its answer.
        refusal_seconds: processor time of reading the photo and answering 429.
        size: bytes.
    """

    cpu_seconds: float
    variation: float
    model_seconds: float
    refusal_seconds: float
    size: int


# Measured: docs/sizing.md.
PHOTOS = {
    "camera": Photo(0.052, 0.5, 0.02, 0.0077, 3_500_000),
    "large": Photo(0.0173, 0.5, 0.02, 0.0026, 800_000),
    "small": Photo(0.0034, 0.5, 0.02, 0.0006, 29_000),
}


@dataclass(frozen=True)
class Day:
    """Photos a second over a day, with a spike.

    Attributes:
        peak: photos a second in the afternoon; at night a fifth of them.
        spike: by how much the spike multiplies them.
        spike_at: when it begins, in seconds.
        rise, hold, fall: seconds that the spike takes to rise, lasts, and takes to end.
    """

    peak: float = 33.0
    spike: float = 10.0
    spike_at: float = 19 * HOUR
    rise: float = 60.0
    hold: float = 20 * 60.0
    fall: float = 10 * 60.0

    def rate(self, at: float) -> float:
        """Return the photos a second at a time of the day, in seconds."""
        usual = self.peak * (0.6 - 0.4 * math.cos(2 * math.pi * (at / HOUR - 4) / 24))
        since = at - self.spike_at
        ends = self.rise + self.hold
        height = min(since / self.rise, 1.0, (ends + self.fall - since) / self.fall)
        return usual * (1 + (self.spike - 1) * max(height, 0.0))

    def arrivals(
        self, photo: Photo, begin: float, end: float, rng: np.random.Generator
    ) -> Iterator[tuple[float, float]]:
        """Yield when each photo arrives (a Poisson process) and its processor seconds (gamma)."""
        shape = 1 / photo.variation**2 if photo.variation else 0.0
        for start in np.arange(begin, end, _CHUNK_SECONDS):
            count = rng.poisson(self.rate(start + _CHUNK_SECONDS / 2) * _CHUNK_SECONDS)
            times = np.sort(rng.uniform(start, start + _CHUNK_SECONDS, count))
            costs = (
                rng.gamma(shape, photo.cpu_seconds / shape, count)
                if shape
                else np.full(count, photo.cpu_seconds)
            )
            yield from zip(times.tolist(), costs.tolist(), strict=True)
