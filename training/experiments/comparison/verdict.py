"""Which of two recipes has the lower error, from their errors on the same random splits.

The splits share most of their photos, so their errors are not independent: the usual paired t test
takes chance for a difference far too often. The corrected one adds the share of test to training
photos to 1/splits. C. Nadeau and Y. Bengio, "Inference for the generalization error", Machine
Learning 52 (2003), 239-281.
"""

import itertools
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from scipy import stats
from statsmodels.stats.multitest import multipletests

from training.console import counted

LEVEL = 0.05
"""Of significance, after the correction for several comparisons."""
POWER = 0.8
"""With which `Verdict.splits_needed` would show the difference."""

_MOST = 1_000_000  # Splits.


@dataclass(frozen=True)
class Verdict:
    """The comparison of two recipes.

    Attributes:
        a: label of the one.
        b: label of the other.
        difference: mean error of `a` minus that of `b`, in percentage points; below 0 `a` is
            better.
        low: lower end of its 95% interval.
        high: upper end.
        p: of the corrected resampled t test; NaN if there is none.
        p_corrected: by Holm's method, for all pairs that are compared.
        effect_size: Cohen's d of the paired differences: their mean over their standard deviation.
        splits: on which both were trained.
        splits_needed: with which the test would show a difference of this mean and spread with
            probability 0.8; None: no number of splits would.
        sentence: all that in words.
    """

    a: str
    b: str
    difference: float
    low: float
    high: float
    p: float
    p_corrected: float
    effect_size: float
    splits: int
    splits_needed: int | None
    sentence: str = ""

    @property
    def is_shown(self) -> bool:
        """Whether a difference is shown."""
        return self.p_corrected <= LEVEL


def verdicts(errors: Mapping[str, np.ndarray], ratio: float) -> list[Verdict]:
    """Compare each pair of recipes.

    Args:
        errors: by label, float `[splits]`, in percent of the judged photos, split by split; NaN
            where a training has failed: the others are then compared without that split.
        ratio: of judged photos to photos trained on.
    """
    pairs = list(itertools.combinations(errors, 2))
    found = [_paired(a, b, errors[a] - errors[b], ratio, len(pairs)) for a, b in pairs]
    tested = [verdict.p for verdict in found if not math.isnan(verdict.p)]
    corrected = iter(multipletests(tested, LEVEL, "holm")[1] if tested else ())
    found = [
        verdict if math.isnan(verdict.p) else replace(verdict, p_corrected=float(next(corrected)))
        for verdict in found
    ]
    return [replace(verdict, sentence=_sentence(verdict)) for verdict in found]


def splits_needed(effect_size: float, ratio: float, level: float = LEVEL) -> int | None:
    """Return how many splits the corrected test needs to show an effect with probability 0.8.

    The correction does not fall with the number of splits: small effects are never shown.

    Args:
        effect_size: Cohen's d of the paired differences.
        ratio: of judged photos to photos trained on.
        level: of significance, two-sided.

    Returns:
        At least 2; None if no number of splits is enough.
    """
    most = abs(effect_size) / math.sqrt(ratio) if ratio else math.inf  # With endless splits.
    if not effect_size or not stats.norm.sf(stats.norm.ppf(1 - level / 2) - most) > POWER:
        return None
    enough = 2
    while _power(effect_size, enough, ratio, level) < POWER:
        enough *= 2
        if enough > _MOST:
            return None
    few = enough // 2
    while enough - few > 1:
        middle = (few + enough) // 2
        if _power(effect_size, middle, ratio, level) < POWER:
            few = middle
        else:
            enough = middle
    return enough


def _power(effect_size: float, splits: int, ratio: float, level: float) -> float:
    """Return the probability that the corrected test shows an effect, by the noncentral t."""
    bound = stats.t.ppf(1 - level / 2, splits - 1)
    shift = abs(effect_size) / math.sqrt(1 / splits + ratio)
    power = stats.nct.sf(bound, splits - 1, shift) + stats.nct.cdf(-bound, splits - 1, shift)
    # SciPy's noncentral t is NaN where it is far beyond the bound.
    return float(shift > bound) if math.isnan(power) else float(power)


def _paired(a: str, b: str, differences: np.ndarray, ratio: float, pairs: int) -> Verdict:
    differences = differences[np.isfinite(differences)]
    splits = len(differences)
    mean = float(differences.mean()) if splits else math.nan
    spread = float(differences.std(ddof=1)) if splits > 1 else math.nan
    if not spread > 1e-9:  # One split, or rounding errors of a constant difference.
        same = 1.0 if splits > 1 and abs(mean) < 1e-9 else math.nan
        effect = 0.0 if same == 1.0 else math.nan
        return Verdict(a, b, mean, mean, mean, same, same, effect, splits, None)
    error = spread * math.sqrt(1 / splits + ratio)
    p = float(2 * stats.t.sf(abs(mean) / error, splits - 1))
    low, high = (float(end) for end in stats.t.interval(1 - LEVEL, splits - 1, mean, error))
    effect = mean / spread
    needed = splits_needed(effect, ratio, LEVEL / pairs)
    return Verdict(a, b, mean, low, high, p, p, effect, splits, needed)


def _sentence(verdict: Verdict) -> str:
    a, b, splits = verdict.a, verdict.b, verdict.splits
    if splits < 2:
        return f"{a} and {b} can't be compared on {counted(splits, 'split')}: take --splits 20"
    if math.isnan(verdict.p):
        return (
            f"the error of {a} minus that of {b} is {verdict.difference:+.2f} points on each of the"
            f" {splits} splits: a test needs differences that vary, so take more --splits"
        )
    if verdict.low == verdict.high:
        return f"{a} and {b} make the same number of errors on each of the {splits} splits"
    half = (verdict.high - verdict.low) / 2
    digits = 1 if half >= 0.1 else 2
    size = f"{abs(verdict.difference):.{digits}f} ± {half:.{digits}f} points"
    better, other = (a, b) if verdict.difference < 0 else (b, a)
    if verdict.is_shown:
        return f"{better} is better than {other} by {size} of error"
    more = "no number of splits of these photos would show one so small"
    if verdict.splits_needed:
        more = f"about {_rounded(verdict.splits_needed)} would be needed"
    return (
        f"no difference between {a} and {b} can be shown with {splits} splits (the error of"
        f" {better} is {size} lower); {more}"
    )


def _rounded(number: int) -> str:
    """Return a number rounded up to two digits."""
    unit = 10 ** max(0, len(str(number)) - 2)
    return f"{-(-number // unit) * unit:,}"
