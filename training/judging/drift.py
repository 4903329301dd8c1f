"""How far what a model says live is from what it said when it was judged.

The population stability index of two histograms with shares p (then) and q (now) is
Σ (q - p) ln(q / p). Below 0.1 nothing has changed much, from 0.1 to 0.25 something has, above 0.25
much has. Source of the ranges: N. Siddiqi, "Credit Risk Scorecards", Wiley 2006.

Few photos differ by chance: where nothing has changed, the index of n and m photos in B bins is
about (1/n + 1/m) times a χ² variable of B - 1 degrees of freedom, so (B - 1)(1/n + 1/m) in the mean
and never 0. Source: B. Yurdakul, "Statistical properties of population stability index",
dissertation, Western Michigan University 2018.
"""

from dataclasses import dataclass

import numpy as np
from scipy.stats import chi2

SMALL, LARGE = 0.1, 0.25
CHANCE = 0.99
"""What chance does in this share of the cases is no drift."""

_EMPTY = 0.5  # Photos in a bin that has none: the logarithm wants some.


@dataclass(frozen=True)
class Drift:
    """How far two histograms are apart.

    Attributes:
        index: the population stability index.
        chance: what the index stays below in 99 of 100 cases where nothing has changed.
    """

    index: float
    chance: float

    def exceeds(self, threshold: float) -> bool:
        """Whether it reaches a threshold, and not by chance."""
        return self.index >= threshold and self.index > self.chance

    def meaning(self) -> str:
        """Say it in plain words."""
        if self.index < SMALL:
            return "no change worth a look"
        if self.index <= self.chance:
            return "so few photos differ as much by chance"
        if self.index < LARGE:
            return "a small change: find out where it comes from"
        return "a large change: other photos come in than the model was judged on"


def drift(then: np.ndarray, now: np.ndarray) -> Drift:
    """Compare two histograms.

    Args:
        then: float `[bins]`, photos in each; at least one in all.
        now: the same of later; counts of Prometheus' `increase` need not be whole.
    """
    used = (then > 0) | (now > 0)
    before, after = (np.where(each[used] > 0, each[used], _EMPTY) for each in (then, now))
    before, after = before / before.sum(), after / after.sum()
    index = float(((after - before) * np.log(after / before)).sum())
    freedom = int(used.sum()) - 1
    spread = 1 / then.sum() + 1 / now.sum()
    return Drift(index, float(chi2.ppf(CHANCE, freedom)) * spread if freedom else 0.0)
