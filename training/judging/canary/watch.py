"""Reads the gateways' metrics until a canary can be judged."""

import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from training.errors import Inconclusive, TrainingError
from training.judging.canary.counts import ERRORS, Counts, GatewayCounts
from training.judging.canary.judgement import Finding, Judgement
from training.judging.gateway_metrics import read_metrics

_READINGS_BEFORE_HINT = 3  # Without a request of the canary.


@dataclass(frozen=True)
class Plan:
    """How a canary is watched.

    Attributes:
        metrics: URL of the metrics of each gateway.
        requests: of each version, after which the canary is promoted.
        seconds: after which there is no decision.
        every: seconds between readings.
        ignored: measures that do not count.
    """

    metrics: Sequence[str]
    requests: int
    seconds: float
    every: float
    ignored: Collection[str] = ()


class Watch:
    """Two versions of a model in the metrics of gateways."""

    def __init__(self, model: str, plan: Plan) -> None:
        """Read all metrics once: later readings count from here.

        Raises:
            TrainingError: some can't be read.
        """
        self._plan = plan
        self._counts = GatewayCounts(model)
        for source in plan.metrics:
            self._counts.grown(read_metrics(source), source)

    def decide(self, canary: int, stable: int, show: Callable[[str], None]) -> Finding:
        """Read the metrics again and again, and return what follows from them.

        The reading that has the canary's first requests is left out, too: these are slow, because
        each gateway only then gets to know the version.

        Args:
            canary: its version.
            stable: that of the stable one.
            show: is called with lines about what is found.

        Raises:
            Inconclusive: the time is up.
        """
        judgement = Judgement(self._plan.requests, self._plan.ignored)
        end, readings, reached = time.monotonic() + self._plan.seconds, 0, False
        self._grown(show)  # What came before now is left out: the canary had no share of it.
        while (finding := judgement.finding()) is None:
            if time.monotonic() >= end:
                raise Inconclusive(
                    f"no decision after {self._plan.seconds / 60:g} minutes:"
                    f" {judgement.canary.total[ERRORS]:,} requests of the canary (version {canary})"
                    f" and {judgement.stable.total[ERRORS]:,} of stable (version {stable}), and"
                    f" {self._plan.requests:,} of each are needed"
                )
            time.sleep(max(0.0, min(self._plan.every, end - time.monotonic())))
            found = self._grown(show)
            of_canary = found.get(str(canary), Counts())
            if reached:
                judgement.add(of_canary, found.get(str(stable), Counts()))
                for line in judgement.lines() if found else ():
                    show(line)
            reached, readings = reached or of_canary.total[ERRORS] > 0, readings + 1
            if readings == _READINGS_BEFORE_HINT and not reached:
                show(
                    f"no request has reached version {canary} yet: the gateways' canary share is"
                    " PHOTOLABEL_CANARY_SHARE, or that in PHOTOLABEL_CANARY_SHARES_FILE (--share)"
                )
        return finding

    def _grown(self, show: Callable[[str], None]) -> dict[str, Counts]:
        """Return what all gateways have counted since the last reading, by version."""
        total: dict[str, Counts] = {}
        for source in self._plan.metrics:
            try:
                found = self._counts.grown(read_metrics(source), source)
            except TrainingError as error:
                show(f"{error}; read again in {self._plan.every:g} s")
                continue
            for version, counts in found.items():
                total.setdefault(version, Counts()).add(counts)
        return total
