"""Whether what a published model says live is what it said when it was judged."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from training.errors import Inconclusive, TrainingError
from training.judging.drift import Drift, drift
from training.judging.live import Live, one_line

_MOST_DIGITS = 18


@dataclass(frozen=True)
class Compared:
    """One histogram of the card beside the live one.

    Attributes:
        what: `confidences` or `classes`.
        bins: what each is called.
        then: float `[bins]`, photos of the card.
        now: float `[bins]`, photos of the metrics.
        drift: how far they are apart.
    """

    what: str
    bins: tuple[str, ...]
    then: np.ndarray
    now: np.ndarray
    drift: Drift


def version_seen(found: Live, number: str | None) -> str:
    """Choose the version to compare: the one asked for, else the newest that has answered.

    Returns:
        A key of the counts: "" where the metrics do not tell versions apart.

    Raises:
        Inconclusive: the version asked for has not answered, or none that has a number.
    """
    known = {version: count for version, count in found.photos().items() if count > 0}
    if not known:
        raise Inconclusive("the metrics have no photos of the model yet")
    if set(known) == {""}:
        return ""
    numbered = sorted((version for version in known if _is_number(version)), key=int)
    if number is None and not numbered:
        raise Inconclusive(f"the metrics have photos of no numbered version; {told_photos(known)}")
    chosen = number or numbered[-1]
    if chosen not in known:
        raise Inconclusive(f"the metrics have no photos of version {chosen}; {told_photos(known)}")
    return chosen


def told_photos(photos: dict[str, float]) -> str:
    """Say how many photos there are of each version."""
    parts = [
        f"{count:,.0f} of version {one_line(version) or '?'}" for version, count in photos.items()
    ]
    return f"they have {', '.join(parts)}"


def compare(card: dict[str, Any], found: Live, version: str, least: int) -> tuple[Compared, ...]:
    """Compare a model's card with the metrics: its confidences, and the classes it chose.

    Args:
        card: of the version.
        found: in the metrics.
        version: a key of the counts.
        least: fewer live photos than this tell nothing.

    Raises:
        Inconclusive: there are too few photos.
        TrainingError: the card has no histograms, or the metrics are of another model.
    """
    labels, bounds, then = _of_card(card)
    if bounds != found.bounds:
        raise TrainingError(
            f"the card counts confidences up to {_listed(bounds)}, the gateway up to"
            f" {_listed(found.bounds)}: they are of different releases"
        )
    live = found.counts[version]
    strange = [label for label in live if label not in labels and live[label].sum()]
    if strange:
        raise TrainingError(
            f"the metrics have the class {strange[0]!r}, which this model does not know; its"
            f" classes are {', '.join(labels)}"
        )
    now = np.array([live.get(label, np.zeros(len(bounds) + 1)) for label in labels])
    if now.sum() < least:
        raise Inconclusive(
            f"{now.sum():,.0f} photos are too few to tell, {least:,} are wanted (--least);"
            f" {told_photos(found.photos())}"
        )
    return (
        _compared("confidences", _ranges(bounds), then.sum(axis=0), now.sum(axis=0)),
        _compared("classes", labels, then.sum(axis=1), now.sum(axis=1)),
    )


def _is_number(version: str) -> bool:
    """Whether it is a version as they are published, not `²`, nor longer than `int` takes."""
    return version.isascii() and version.isdecimal() and len(version) <= _MOST_DIGITS


def _compared(what: str, bins: tuple[str, ...], then: np.ndarray, now: np.ndarray) -> Compared:
    return Compared(what, bins, then, now, drift(then, now))


def _of_card(card: dict[str, Any]) -> tuple[tuple[str, ...], tuple[float, ...], np.ndarray]:
    """Return labels, bounds and counts `[labels, bins]` of a card."""
    told = card.get("histograms")
    if told is None:
        raise TrainingError(
            "the card has no histograms: the model was trained by an older release. Train it again"
        )
    try:
        bounds = tuple(map(float, told["bounds"]))
        counts = np.array([*told["confidence"].values()], np.float64)
        if counts.shape != (len(told["confidence"]), len(bounds) + 1) or not counts.sum() > 0:
            raise ValueError(f"counts {counts.shape}")
        return tuple(told["confidence"]), bounds, counts
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise TrainingError(f"the histograms of the card are damaged ({error!r})") from error


def _ranges(bounds: tuple[float, ...]) -> tuple[str, ...]:
    """Name the bins by their bounds."""
    low = ("0", *map(_number, bounds))
    return tuple(f"{a} to {b}" for a, b in zip(low, (*low[1:], "1"), strict=True))


def _listed(bounds: tuple[float, ...]) -> str:
    return ", ".join(map(_number, bounds))


def _number(bound: float) -> str:
    return f"{bound:g}"
