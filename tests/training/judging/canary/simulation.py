"""Made-up counts of gateways: a stable version, and canaries that are as good, or worse."""

from dataclasses import dataclass

import numpy as np

from serving.gateway.telemetry.metrics import SECONDS
from serving.repository.confidence_bins import CONFIDENCES
from training.judging.canary.counts import CLASSES, CONFIDENCE, ERRORS, FAILED, LATENCY, Counts
from training.judging.canary.judgement import Finding, Judgement

NAMES = [f"class {number}" for number in range(10)]


@dataclass(frozen=True)
class Behaviour:
    """How a version behaves.

    Attributes:
        errors: share of the requests that fail.
        seconds: median of the time that a request takes.
        spread: standard deviation of its logarithm; 0.6 has a p95 of 2.7 medians.
        sure: first parameter of the Beta distribution of confidences; the second is 1.
        favourite: further share of the photos that get the first class.
    """

    errors: float = 0.005
    seconds: float = 0.03
    spread: float = 0.6
    sure: float = 6.0
    favourite: float = 0.0


def counted(behaviour: Behaviour, requests: int, random: np.random.Generator) -> Counts:
    """Return what gateways count of so many requests with a photo each."""
    counts = Counts()
    failed = int(random.binomial(requests, behaviour.errors))
    seconds = random.lognormal(np.log(behaviour.seconds), behaviour.spread, requests)
    photos = requests - failed
    confidences = random.beta(behaviour.sure, 1.0, photos)
    shares = np.full(len(NAMES), (1 - behaviour.favourite) / len(NAMES))
    shares[0] += behaviour.favourite
    counts.total.update({ERRORS: requests, LATENCY: requests, CONFIDENCE: photos, CLASSES: photos})
    counts.outcomes[ERRORS, FAILED] = failed
    for bound in SECONDS:
        counts.outcomes[LATENCY, str(bound)] = int((seconds > bound).sum())
    for bound in CONFIDENCES:
        counts.outcomes[CONFIDENCE, str(bound)] = int((confidences <= bound).sum())
    for name, number in zip(NAMES, random.multinomial(photos, shares), strict=True):
        counts.outcomes[CLASSES, name] = int(number)
    return counts


def decide(
    canary: Behaviour,
    stable: Behaviour,
    random: np.random.Generator,
    share: float = 0.1,
    requests: int = 1000,
) -> tuple[Finding, int]:
    """Judge a canary, reading by reading; return the decision and its number of requests."""
    judgement = Judgement(requests)
    while (finding := judgement.finding()) is None:
        total = int(random.integers(200, 800))
        of_canary = int(random.binomial(total, share))
        judgement.add(
            counted(canary, of_canary, random), counted(stable, total - of_canary, random)
        )
    return finding, judgement.canary.total[ERRORS]
