"""Comparing a model's live predictions with those on its test photos, counted in its card."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from training.errors import Inconclusive, TrainingError
from training.judging.gateway_metrics import LiveCounts, one_line
from training.judging.stability_index import StabilityIndex, stability_index

_MAX_DIGITS = 18


@dataclass(frozen=True)
class Comparison:
    """A histogram of the card and the same one of the metrics.

    Attributes:
        what: `confidences` or `classes`.
        bins: their names.
        card: float `[bins]`, photos of the card.
        live: float `[bins]`, photos of the metrics.
        index: how much they differ.
    """

    what: str
    bins: tuple[str, ...]
    card: np.ndarray
    live: np.ndarray
    index: StabilityIndex


def choose_version(live: LiveCounts, number: str | None) -> str:
    """Return the requested version, or the newest with photos; "" if the metrics have no versions.

    Raises:
        Inconclusive: the requested version, or any version with a number, has no photos.
    """
    known = {version: count for version, count in live.photos().items() if count > 0}
    if not known:
        raise Inconclusive("the metrics have no photos of the model yet")
    if set(known) == {""}:
        return ""
    numbered = sorted((version for version in known if _is_number(version)), key=int)
    if number is None and not numbered:
        raise Inconclusive(f"the metrics have no photos of a numbered version; {_listed(known)}")
    chosen = number or numbered[-1]
    if chosen not in known:
        raise Inconclusive(f"the metrics have no photos of version {chosen}; {_listed(known)}")
    return chosen


def compare(
    card: dict[str, Any], live: LiveCounts, version: str, least: int
) -> tuple[Comparison, ...]:
    """Compare the confidences and the predicted classes of a model's card and of the metrics.

    Args:
        card: of the version.
        live: counts in the metrics.
        version: a key of the counts.
        least: number of live photos that are needed.

    Raises:
        Inconclusive: there are too few photos.
        TrainingError: the card has no histograms, or the metrics do not fit the model.
    """
    labels, bounds, card_counts = _card_counts(card)
    if bounds != live.bounds:
        raise TrainingError(
            f"the card counts confidences up to {_numbers(bounds)}, the gateway up to"
            f" {_numbers(live.bounds)}: they are from different releases"
        )
    classes = live.counts[version]
    unknown = [label for label in classes if label not in labels and classes[label].sum()]
    if unknown:
        raise TrainingError(
            f"the metrics have the class {unknown[0]!r}, which this model does not have; its"
            f" classes are {', '.join(labels)}"
        )
    counts = np.array([classes.get(label, np.zeros(len(bounds) + 1)) for label in labels])
    if counts.sum() < least:
        raise Inconclusive(
            f"{counts.sum():,.0f} photos are too few, {least:,} are needed (--least);"
            f" {_listed(live.photos())}"
        )
    return (
        _compared("confidences", _ranges(bounds), card_counts.sum(axis=0), counts.sum(axis=0)),
        _compared("classes", labels, card_counts.sum(axis=1), counts.sum(axis=1)),
    )


def _listed(photos: dict[str, float]) -> str:
    """Describe how many photos there are of each version."""
    parts = (f"{count:,.0f} of version {one_line(name) or '?'}" for name, count in photos.items())
    return f"they have {', '.join(parts)}"


def _is_number(version: str) -> bool:
    """Whether it is the number of a published version: not `²`, nor too large for an int64."""
    return version.isascii() and version.isdecimal() and len(version) <= _MAX_DIGITS


def _compared(what: str, bins: tuple[str, ...], card: np.ndarray, live: np.ndarray) -> Comparison:
    return Comparison(what, bins, card, live, stability_index(card, live))


def _card_counts(card: dict[str, Any]) -> tuple[tuple[str, ...], tuple[float, ...], np.ndarray]:
    """Return the labels, the bounds and the counts `[labels, bins]` of a card."""
    histograms = card.get("histograms")
    if histograms is None:
        raise TrainingError(
            "the card has no histograms: the model was trained by an older release. Train it again"
        )
    try:
        bounds = tuple(map(float, histograms["bounds"]))
        counts = np.array([*histograms["confidence"].values()], np.float64)
        labels = tuple(histograms["confidence"])
        if counts.shape != (len(labels), len(bounds) + 1) or not counts.sum() > 0:
            raise ValueError(f"counts {counts.shape}")
        return labels, bounds, counts
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise TrainingError(f"the histograms of the card are damaged ({error!r})") from error


def _ranges(bounds: tuple[float, ...]) -> tuple[str, ...]:
    """Name the bins by their bounds."""
    ends = ("0", *(f"{bound:g}" for bound in bounds), "1")
    return tuple(f"{low} to {high}" for low, high in pairwise(ends))


def _numbers(bounds: tuple[float, ...]) -> str:
    return ", ".join(f"{bound:g}" for bound in bounds)
