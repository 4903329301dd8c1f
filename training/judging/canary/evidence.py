"""How strongly counts speak for one version having an outcome more often than another.

It may be looked at as often as one likes: the chance that it ever reaches 1 / p although the
outcome is not more frequent is at most p. So nothing has to be corrected for repeated looks, and
there is no number of looks to fix before.

Of the photos or requests with an outcome, such as errors, as many should be the canary's as of all:
each of them is one draw, whose probability is known if the outcome is equally frequent in both
versions. The evidence is the likelihood ratio of "more frequent, λ times" to "as frequent as is
tolerated", averaged over some λ: a sequential probability ratio test with a mixture. On average it
does not grow while the outcome is as frequent as is tolerated or rarer, so Ville's inequality
applies. Where an outcome is common, draws are made without replacement, which varies less
(Hoeffding 1963), so the bound holds all the more.

Sources: H. Robbins, "Statistical methods related to the law of the iterated logarithm", Annals of
Mathematical Statistics 41 (1970), 1397-1409; R. Johari, P. Koomen, L. Pekelis and D. Walsh,
"Peeking at A/B tests", KDD 2017, 1517-1525 (always-valid p values); M. Lindon and A. Malek,
"Anytime-valid inference for multinomial count data", NeurIPS 2022 (counts, for canaries).
"""

from collections import defaultdict
from collections.abc import Mapping

import numpy as np

_TIMES_MORE = np.array([1.25, 1.5, 2.0, 3.0, 5.0, 8.0, 15.0, 30.0, 100.0])


class Evidence:
    """The evidence that any of several outcomes is more frequent with the canary than is tolerated.

    That is the average over the outcomes: of all of them together, not of the best one alone.
    """

    def __init__(self, tolerated: float) -> None:
        """Take how many times as frequent an outcome may be."""
        self._tolerated = tolerated
        self._log_ratios: dict[str, np.ndarray] = defaultdict(lambda: np.zeros(len(_TIMES_MORE)))

    def add(self, canary: int, stable: int, outcomes: Mapping[str, tuple[int, int]]) -> None:
        """Add what has been counted since the last time.

        Args:
            canary: requests or photos of the canary.
            stable: those of the stable version.
            outcomes: how many of both had each outcome.
        """
        if not canary or not stable:
            return  # Nothing to compare with.
        frequent = self._tolerated * _TIMES_MORE
        draws = np.log(frequent * canary + stable) - np.log(self._tolerated * canary + stable)
        for outcome, (of_canary, of_stable) in outcomes.items():
            self._log_ratios[outcome] += (
                of_canary * np.log(_TIMES_MORE) - (of_canary + of_stable) * draws
            )

    def value(self) -> float:
        """Return the evidence: 1 at the beginning."""
        found = list(self._log_ratios.values())
        return _mean_exp(np.concatenate(found)) if found else 1.0

    def strongest(self) -> str | None:
        """Return the outcome with the strongest evidence; None if none was counted."""
        return max(
            self._log_ratios, key=lambda each: _mean_exp(self._log_ratios[each]), default=None
        )


def _mean_exp(log_ratios: np.ndarray) -> float:
    log_mean = np.logaddexp.reduce(log_ratios) - np.log(len(log_ratios))
    return float(np.exp(min(log_mean, 700.0)))  # Larger ones would be infinite.
