"""What the gateways have counted of two versions of a model since a moment."""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from prometheus_client.samples import Sample

from training.judging.gateway_metrics import parsed

ERRORS, LATENCY, CONFIDENCE, CLASSES = "errors", "latency", "confidence", "classes"
MEASURES = (ERRORS, LATENCY, CONFIDENCE, CLASSES)
FAILED = "5xx"

_REQUESTS = "photolabel_requests_total"
_SECONDS = "photolabel_request_seconds_bucket"
_CONFIDENCE = "photolabel_confidence_bucket"


@dataclass
class Counts:
    """Requests and photos of a version, and how many of them had which outcome.

    The outcomes: of errors `5xx`; of latency and confidence, by each bound of their histograms,
    slower than this, and not above this; of classes, the predicted class.

    Attributes:
        total: by measure.
        outcomes: by measure and outcome.
    """

    total: Counter[str] = field(default_factory=Counter)
    outcomes: Counter[tuple[str, str]] = field(default_factory=Counter)

    def add(self, other: "Counts") -> None:
        """Add other counts."""
        self.total.update(other.total)
        self.outcomes.update(other.outcomes)

    def of(self, measure: str) -> dict[str, int]:
        """Return the counts of a measure's outcomes."""
        found = self.outcomes.items()
        return {outcome: count for (each, outcome), count in found if each == measure}


class GatewayCounts:
    """Follows the counters of several gateways, which may restart."""

    def __init__(self, model: str) -> None:
        self._model = model
        self._last: dict[str, dict[tuple[str, frozenset[tuple[str, str]]], float]] = {}

    def grown(self, text: str, source: str) -> dict[str, Counts]:
        """Return what a gateway has counted since it was read before, by version.

        Args:
            text: its metrics.
            source: the gateway. At its first reading nothing has grown.

        Raises:
            TrainingError: the text is not metrics.
        """
        before, now = self._last.get(source), {}
        grown: list[tuple[Sample, float]] = []
        for sample in parsed(text, source):
            if sample.labels.get("model") != self._model or not math.isfinite(sample.value):
                continue
            key = sample.name, frozenset(sample.labels.items())
            now[key] = sample.value
            if before is not None:
                last = before.get(key, 0.0)
                # Lower than before: the gateway has restarted, and counts from 0.
                grown.append((sample, sample.value - (last if last <= sample.value else 0.0)))
        self._last[source] = now
        return dict(_by_version(grown))


def _by_version(grown: Iterable[tuple[Sample, float]]) -> Iterator[tuple[str, Counts]]:
    samples: dict[str, list[tuple[Sample, float]]] = defaultdict(list)
    for sample, number in grown:
        if number and sample.labels.get("route", "classify") == "classify":
            samples[sample.labels.get("version", "")].append((sample, number))
    for version, found in samples.items():
        yield version, _counts(found)


def _counts(grown: Iterable[tuple[Sample, float]]) -> Counts:
    counts, within = Counts(), Counter[str]()
    for sample, number in grown:
        name, labels, amount = sample.name, sample.labels, round(number)
        bound = labels.get("le", "")
        if name == _REQUESTS:
            counts.total[ERRORS] += amount
            if labels.get("status", "").startswith("5"):
                counts.outcomes[ERRORS, FAILED] += amount
        elif name == _SECONDS and bound != "+Inf":
            within[bound] += amount
        elif name == _SECONDS:
            counts.total[LATENCY] += amount
        elif name == _CONFIDENCE and bound != "+Inf":
            counts.outcomes[CONFIDENCE, bound] += amount
        elif name == _CONFIDENCE:
            counts.total[CONFIDENCE] += amount
            counts.total[CLASSES] += amount
            counts.outcomes[CLASSES, labels.get("predicted", "")] += amount
    for bound, amount in within.items():
        counts.outcomes[LATENCY, bound] = counts.total[LATENCY] - amount
    return counts
