"""How well scores separate known photos from unknown (out-of-distribution) ones."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from scipy.stats import rankdata


def auroc(known: np.ndarray, unknown: np.ndarray) -> float:
    """Return how often a known photo scores higher than an unknown one; a tie counts half.

    This is the area under the receiver operating characteristic: 1 is best, 0.5 is chance. Both
    arrays are `[photos]` and must not be empty.
    """
    ranks = rankdata(np.concatenate([known, unknown]))
    wins = ranks[: len(known)].sum() - len(known) * (len(known) + 1) / 2
    return float(wins / (len(known) * len(unknown)))


def ood_metrics(
    known: Mapping[str, np.ndarray],
    unknown: Mapping[str, np.ndarray],
    thresholds: Mapping[str, float],
) -> dict[str, Any]:
    """Evaluate scores on a set of unknown photos; all arguments are by the names of the scores.

    Returns:
        `photos`; `scores`: for each score `auroc` and `false_acceptance`, the share of the unknown
        photos that is recognized.
    """
    return {
        "photos": len(next(iter(unknown.values()))),
        "scores": {
            name: {
                "auroc": auroc(known[name], values),
                "false_acceptance": float((values >= thresholds[name]).mean()),
            }
            for name, values in unknown.items()
        },
    }
