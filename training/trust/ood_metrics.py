"""How well scores tell the unknown from the known."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from scipy.stats import rankdata


def auroc(known: np.ndarray, unknown: np.ndarray) -> float:
    """Return how often a known photo has a larger score than an unknown one; half of ties count.

    That is the area under the receiver operating characteristic: 1 is best, 0.5 is chance.

    Args:
        known: scores, `[photos]`, at least one.
        unknown: likewise.
    """
    ranks = rankdata(np.concatenate([known, unknown]))
    wins = ranks[: len(known)].sum() - len(known) * (len(known) + 1) / 2
    return float(wins / (len(known) * len(unknown)))


def ood_metrics(
    known: Mapping[str, np.ndarray],
    unknown: Mapping[str, np.ndarray],
    thresholds: Mapping[str, float],
) -> dict[str, Any]:
    """Judge scores on a set of unknown photos.

    Args:
        known: by score, those of the test photos.
        unknown: by score, those of the set.
        thresholds: by score.

    Returns:
        `photos`; `scores`: by score `auroc` and `false_acceptance`, the part of the unknown photos
        that is recognized.
    """
    return {
        "photos": len(next(iter(unknown.values()))),
        "scores": {
            name: {
                "auroc": auroc(known[name], found),
                "false_acceptance": float((found >= thresholds[name]).mean()),
            }
            for name, found in unknown.items()
        },
    }
