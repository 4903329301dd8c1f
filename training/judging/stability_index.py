"""The population stability index (PSI) of two histograms, and how large it may be by chance.

With the shares p (before) and q (after) it is Σ (q - p) ln(q / p). Below 0.1 means no relevant
change, from 0.1 to 0.25 a small one, above 0.25 a large one. Source of the ranges: N. Siddiqi,
"Credit Risk Scorecards", Wiley 2006.

Small samples differ by chance: if nothing has changed, the index of n and m photos in B bins is
approximately (1/n + 1/m) times a χ² variable with B - 1 degrees of freedom, so its mean is
(B - 1)(1/n + 1/m) and never 0. Source: B. Yurdakul, "Statistical properties of population
stability index", dissertation, Western Michigan University 2018.
"""

from dataclasses import dataclass

import numpy as np
from scipy.stats import chi2

SMALL, LARGE = 0.1, 0.25
CHANCE = 0.99
"""Differences are attributed to chance up to this quantile."""

_EMPTY = 0.5  # Photos assumed in an empty bin: the logarithm of 0 is undefined.


@dataclass(frozen=True)
class StabilityIndex:
    """How much two histograms differ.

    Attributes:
        value: the population stability index.
        chance: the value that is not exceeded in 99 of 100 cases where nothing has changed.
    """

    value: float
    chance: float

    def exceeds(self, threshold: float) -> bool:
        """Whether it reaches a threshold, and not by chance."""
        return self.value >= threshold and self.value > self.chance

    def meaning(self) -> str:
        """Explain the value in plain words."""
        if self.value < SMALL:
            return "no relevant change"
        if self.value <= self.chance:
            return "so few photos differ as much by chance"
        if self.value < LARGE:
            return "a small change: find out where it comes from"
        return "a large change: the photos are different from those that the model was tested on"


def stability_index(before: np.ndarray, after: np.ndarray) -> StabilityIndex:
    """Compare two histograms.

    Args:
        before: float `[bins]`, the number of photos in each; at least one in total.
        after: likewise; the counts of Prometheus's `increase` need not be whole.
    """
    used = (before > 0) | (after > 0)
    p, q = (np.where(each[used] > 0, each[used], _EMPTY) for each in (before, after))
    p, q = p / p.sum(), q / q.sum()
    value = float(((q - p) * np.log(q / p)).sum())
    freedom = int(used.sum()) - 1
    spread = 1 / before.sum() + 1 / after.sum()
    return StabilityIndex(value, float(chi2.ppf(CHANCE, freedom)) * spread if freedom else 0.0)
