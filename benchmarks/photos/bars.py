"""The bars: figures that must be reached."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from benchmarks.photos.distortions import COMBINED
from benchmarks.photos.exactness import Reduced, Sideways
from benchmarks.photos.scores import Score
from benchmarks.serving.report import Bar

_POINTS = 0.015
_PET_BARS = ("JPEG 30", "half brightness", "double brightness")
_REAL = {"shop": 0.86, "home": 0.83}
_OFF = 0.04  # Mean confidence from accuracy.
_GARMENTS = 0.80  # Of those at home, recognized.
_OTHER = 0.12
_MOVED = 0.01


def distorted(model: str, scores: Sequence[Score]) -> Iterator[Bar]:
    """Yield the bars for the accuracy lost by distortions."""
    named = {each.name: each for each in scores}
    for name in (COMBINED,) if model == "clothing" else _PET_BARS:
        against = named[name].against
        if against:
            found = f"{100 * against.estimate:+.1f}"
            met = against.estimate >= -_POINTS
            yield Bar(f"{model}, {name}: points from clean", found, f"≥ {-100 * _POINTS:g}", met)


def real(scores: Mapping[str, Score]) -> Iterator[Bar]:
    """Yield the bars for real photos: `shop`, `home` and `other`."""
    for name, minimum in _REAL.items():
        score = scores[name]
        yield Bar(
            f"{name}: accuracy",
            f"{score.accuracy:.1%}",
            f"≥ {minimum:.0%}",
            score.accuracy >= minimum,
        )
        off = score.confidence - score.accuracy
        yield Bar(
            f"{name}: mean confidence - accuracy",
            f"{100 * off:+.1f}",
            f"± {100 * _OFF:g} points",
            abs(off) <= _OFF,
        )
    for name, what, bound in (("home", "garments", _GARMENTS), ("other", "others", -_OTHER)):
        share, sign = scores[name].recognized, "≥" if bound > 0 else "≤"
        found = "not reported by the model" if share is None else f"{share:.1%}"
        met = None if share is None else bool(np.sign(bound) * share >= bound)
        yield Bar(f"home: {what} recognized", found, f"{sign} {abs(bound):.0%}", met)


def same(model: str, held: Sideways, apart: np.ndarray) -> Iterator[Bar]:
    """Yield the bars for sideways photos and for the gateway compared with the model."""
    found = f"{held.pixels_differ} of {held.photos} differ"
    yield Bar(f"{model}, sideways PNG: pixels", found, "identical", not held.pixels_differ)
    largest = float(held.probabilities.max())
    what = f"{model}, sideways JPEG: probability of the top class differs by at most"
    yield Bar(what, f"{largest:.4f}", "≤ 0.01", largest <= 0.01)
    largest = float(apart.max())
    what = f"{model}, gateway and process: probabilities differ by at most"
    yield Bar(what, f"{largest:.1e}", "≤ 1e-5", largest <= 1e-5)


def reencoded(model: str, moved: Mapping[str, np.ndarray]) -> Iterator[Bar]:
    """Yield the bars for the same picture saved by several encoders."""
    for encoder, changes in moved.items():
        found = f"{np.median(changes):.4f} (at most {changes.max():.3f})"
        what = f"{model}, saved as {encoder}: probability of the top class moves by (median)"
        yield Bar(what, found, f"≤ {_MOVED:g}", float(np.median(changes)) <= _MOVED)


def faster(model: str, found: Reduced) -> Iterator[Bar]:
    """Yield the bars for decoding at a reduced size."""
    size = float(np.median(found.bytes)) / 1e6
    for others, name in (
        (found.resized, "decode in full and resize"),
        (found.whole, "decode in full and prepare"),
    ):
        ratio = float(np.median(others / found.seconds))
        what = f"{model}, 12 megapixels ({size:.1f} MB) to pixels: times faster than to {name}"
        yield Bar(what, f"{ratio:.1f}", "≥ 6", ratio >= 6)
    moved = float(np.median(found.moved))
    what = f"{model}, 12 megapixels: probability of the top class moves by (median)"
    yield Bar(what, f"{moved:.4f}", "≤ 0.02", moved <= 0.02)
