import numpy as np

from serving.gateway.telemetry.metrics import Metrics
from serving.gateway.telemetry.observation import Observation
from serving.repository.confidence_bins import CONFIDENCES
from tests.serving.numbers import read_numbers
from training.metrics.evaluation import Evaluation
from training.metrics.histograms import histograms


def evaluation_of(confidences: list[float], chosen: list[int]) -> Evaluation:
    """Return an evaluation whose photos were given these probabilities for these classes."""
    probabilities = np.zeros((len(chosen), 3), np.float32)
    probabilities += ((1 - np.array(confidences, np.float32)) / 2)[:, None]
    probabilities[np.arange(len(chosen)), chosen] = confidences
    return Evaluation(("shirt", "bag", "boot"), np.zeros(len(chosen), np.int64), probabilities)


def test_photos_are_counted_by_predicted_class_and_confidence() -> None:
    result = histograms(evaluation_of([0.35, 0.5, 0.97, 0.9995, 1.0], [0, 0, 0, 2, 2]), "test")
    assert result["split"] == "test"
    assert result["bounds"] == list(CONFIDENCES)
    assert list(result["confidence"]) == ["shirt", "bag", "boot"]
    assert result["confidence"]["shirt"] == [0, 1, 1, 0, 0, 0, 0, 0, 1, 0, 0]
    assert result["confidence"]["bag"] == [0] * 11
    assert result["confidence"]["boot"] == [0] * 10 + [2]


def test_the_gateway_counts_the_same_way() -> None:
    random = np.random.default_rng(0)
    drawn = [*random.uniform(0.34, 1, 500).tolist(), *CONFIDENCES[1:], 1.0]
    # In float32, as all probabilities are: most bounds themselves cannot occur.
    confidences = [value for value in np.array(drawn, np.float32).tolist() if value >= 0.34]
    chosen = [index % 3 for index in range(len(confidences))]
    result = histograms(evaluation_of(confidences, chosen), "test")["confidence"]

    metrics, observation = Metrics(), Observation()
    observation.version = 1
    labels = ("shirt", "bag", "boot")
    observation.best = [(labels[c], s) for c, s in zip(chosen, confidences, strict=True)]
    metrics.record(observation, "classify", "clothing", 200, 0.1)
    from prometheus_client import generate_latest

    numbers = read_numbers(generate_latest(metrics.registry).decode())
    for label, counts in result.items():
        bounds = [*map(str, CONFIDENCES), "+Inf"]
        common = {"model": "clothing", "version": "1", "predicted": label}
        live = [
            numbers["photolabel_confidence_bucket", frozenset({**common, "le": bound}.items())]
            for bound in bounds
        ]
        assert np.diff(live, prepend=0).tolist() == counts
