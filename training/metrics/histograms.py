"""Predicted classes and confidences, counted in the same bins as the gateway counts them live."""

from typing import Any

import numpy as np

from serving.repository.confidence_bins import CONFIDENCES
from training.metrics.evaluation import Evaluation


def histograms(evaluation: Evaluation, split: str) -> dict[str, Any]:
    """Count the predicted classes by confidence, for the model card.

    Returns:
        JSON values: `split`; `bounds`, the inclusive upper bounds of all bins but the last;
        `confidence`: for each label, the number of photos in each bin that it was predicted for.
    """
    confidences = evaluation.probabilities.max(axis=1).astype(np.float64)
    bins = len(CONFIDENCES) + 1
    indices = evaluation.predicted * bins + np.searchsorted(CONFIDENCES, confidences)
    counts = np.bincount(indices, minlength=len(evaluation.labels) * bins).reshape(-1, bins)
    return {
        "split": split,
        "bounds": list(CONFIDENCES),
        "confidence": dict(zip(evaluation.labels, counts.tolist(), strict=True)),
    }
