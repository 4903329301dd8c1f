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
_COUNTERS = {_REQUESTS, _SECONDS, _CONFIDENCE}
_LABELS = {"model", "version", "route", "status", "predicted", "le"}  # The gateway's own.

_Gateway = frozenset[tuple[str, str]]  # The labels that a Prometheus adds, such as `instance`.
_Series = tuple[str, frozenset[tuple[str, str]]]


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
    """Follows the counters of several gateways, which may restart, and be away for a while."""

    def __init__(self, model: str) -> None:
        self._model = model
        self._last: dict[str, dict[_Gateway, dict[_Series, float]]] = {}

    def grown(self, text: str, source: str) -> dict[str, Counts]:
        """Return what gateways have counted since they were read before, by version.

        Args:
            text: metrics of one gateway, or of several from a Prometheus.
            source: of the text. At its first reading nothing has grown.

        Raises:
            TrainingError: the text is not metrics.
        """
        is_first = source not in self._last
        gateways = self._last.setdefault(source, {})
        grown: list[tuple[Sample, float]] = []
        for gateway, samples in self._by_gateway(text, source).items():
            # What a Prometheus leaves out after a failed scrape has not gone back to 0.
            last = gateways.setdefault(gateway, {})
            if any(sample.value < last.get(_series(sample), 0.0) for sample in samples):
                last.clear()  # It has restarted: all its counters have gone back to 0.
            if not is_first:
                grown += [(each, each.value - last.get(_series(each), 0.0)) for each in samples]
            last.update((_series(each), each.value) for each in samples)
        return dict(_by_version(grown))

    def _by_gateway(self, text: str, source: str) -> dict[_Gateway, list[Sample]]:
        found: dict[_Gateway, list[Sample]] = defaultdict(list)
        for sample in parsed(text, source):
            counted = sample.name in _COUNTERS and math.isfinite(sample.value)
            if counted and sample.labels.get("model") == self._model:
                others = sample.labels.items()
                found[frozenset(each for each in others if each[0] not in _LABELS)].append(sample)
        return found


def _series(sample: Sample) -> _Series:
    return sample.name, frozenset(sample.labels.items())


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
