"""How often a model chose each class and how sure it was, counted as the gateway counts it live."""

from typing import Any

import numpy as np

from serving.repository.confidence_bins import CONFIDENCES
from training.metrics.evaluation import Evaluation


def histograms(evaluation: Evaluation, split: str) -> dict[str, Any]:
    """Count the chosen classes by their probability, for the model card.

    Args:
        evaluation: of probabilities as they are served.
        split: which part of the data it is of.

    Returns:
        Values that JSON holds: `split`; `bounds`, the upper bounds of all bins but the last, each
        part of its bin; `confidence`: for each label the photos that it was chosen for, by bin.
    """
    sureness = evaluation.probabilities.max(axis=1).astype(np.float64)
    bins = len(CONFIDENCES) + 1
    places = evaluation.chosen * bins + np.searchsorted(CONFIDENCES, sureness)
    counts = np.bincount(places, minlength=len(evaluation.labels) * bins).reshape(-1, bins)
    return {
        "split": split,
        "bounds": list(CONFIDENCES),
        "confidence": dict(zip(evaluation.labels, counts.tolist(), strict=True)),
    }
