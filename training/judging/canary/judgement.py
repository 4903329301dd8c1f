"""Whether a canary is worse than the stable version, by what the gateways count of both."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Literal

from training.judging.canary.counts import (
    CLASSES,
    CONFIDENCE,
    ERRORS,
    FAILED,
    LATENCY,
    MEASURES,
    Counts,
)
from training.judging.canary.evidence import Evidence

CHANCE = 0.05
"""Of versions that are no worse, at most this share is rolled back, with all measures together."""

TOLERATED = {ERRORS: 1.0, LATENCY: 1.5, CONFIDENCE: 1.5, CLASSES: 2.0}
"""How many times as frequent as with the stable version an outcome may be."""


@dataclass(frozen=True)
class Finding:
    """That a canary is worse, or was not found to be.

    Attributes:
        decision: what follows.
        reason: in words, with figures.
    """

    decision: Literal["promote", "roll back"]
    reason: str


class Judgement:
    """Compares a canary with the stable version, reading by reading."""

    def __init__(self, requests: int, ignored: Collection[str] = ()) -> None:
        """Promote after so many requests of each version without a sign of harm.

        Args:
            requests: least number of each version.
            ignored: measures that do not count.
        """
        self._requests = requests
        self._evidence = {
            measure: Evidence(TOLERATED[measure]) for measure in MEASURES if measure not in ignored
        }
        self.canary, self.stable = Counts(), Counts()

    @property
    def needed(self) -> float:
        """The evidence of one measure at which the canary counts as worse (Bonferroni)."""
        return len(self._evidence) / CHANCE

    def add(self, canary: Counts, stable: Counts) -> None:
        """Add what has been counted since the last reading."""
        self.canary.add(canary)
        self.stable.add(stable)
        for measure, evidence in self._evidence.items():
            of_canary, of_stable = canary.of(measure), stable.of(measure)
            outcomes = {
                each: (of_canary.get(each, 0), of_stable.get(each, 0))
                for each in {**of_canary, **of_stable}
            }
            evidence.add(canary.total[measure], stable.total[measure], outcomes)

    def finding(self) -> Finding | None:
        """Return the decision; None if there is none yet."""
        worse = [
            self._described(measure)
            for measure, evidence in self._evidence.items()
            if evidence.value() >= self.needed
        ]
        if worse:
            return Finding("roll back", "; ".join(worse))
        if min(self.canary.total[ERRORS], self.stable.total[ERRORS]) < self._requests:
            return None
        return Finding(
            "promote",
            f"{self.canary.total[ERRORS]:,} requests without a sign that it is worse"
            f" ({', '.join(self._evidence)})",
        )

    def lines(self) -> Iterator[str]:
        """Yield figures of both versions, and the evidence against the canary."""
        for what, counts in (("canary", self.canary), ("stable", self.stable)):
            requests, photos = counts.total[ERRORS], counts.total[CONFIDENCE]
            failed = counts.outcomes[ERRORS, FAILED]
            yield (
                f"{what}: {requests:,} requests, {_share(failed, requests)} failed, 95% within"
                f" {_quantile(counts)}; {photos:,} photos,"
                f" {_share(counts.outcomes[CONFIDENCE, '0.6'], photos)} with a confidence up to 0.6"
            )
        values = ", ".join(f"{each} {found.value():.2g}" for each, found in self._evidence.items())
        yield f"evidence against the canary: {values} ({self.needed:g} is enough)"

    def _described(self, measure: str) -> str:
        outcome = self._evidence[measure].strongest() or ""
        words = {
            ERRORS: "requests that failed with 5xx",
            LATENCY: f"requests that took longer than {outcome} s",
            CONFIDENCE: f"photos with a confidence up to {outcome}",
            CLASSES: f"photos predicted as {outcome}",
        }
        of_canary, of_stable = (
            f"{_share(counts.outcomes[measure, outcome], counts.total[measure])}"
            f" ({counts.outcomes[measure, outcome]:,} of {counts.total[measure]:,})"
            for counts in (self.canary, self.stable)
        )
        return (
            f"{measure}: {words[measure]} are {of_canary} with the canary and {of_stable} with"
            f" stable, more than {TOLERATED[measure]:g} times as many with evidence"
            f" {self._evidence[measure].value():.3g} ({self.needed:g} is enough)"
        )


def _share(part: float, whole: float) -> str:
    return f"{part / whole:.1%}" if whole else "–"


def _quantile(counts: Counts) -> str:
    """Return the lowest bound of the histogram within which 95% of the requests were answered."""
    slower = sorted((float(bound), count) for bound, count in counts.of(LATENCY).items())
    bounds = (bound for bound, count in slower if count <= 0.05 * counts.total[LATENCY])
    found = next(bounds, None)
    return "–" if found is None else f"{found:g} s"
