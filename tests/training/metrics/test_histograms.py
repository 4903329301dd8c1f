import numpy as np

from serving.gateway.telemetry.metrics import Metrics
from serving.gateway.telemetry.observation import Observation
from serving.repository.confidence_bins import CONFIDENCES
from tests.serving.numbers import read_numbers
from training.metrics.evaluation import Evaluation
from training.metrics.histograms import histograms


def evaluation_of(sureness: list[float], chosen: list[int]) -> Evaluation:
    """Return an evaluation whose photos were given these probabilities for these classes."""
    probabilities = np.zeros((len(chosen), 3), np.float32)
    probabilities += ((1 - np.array(sureness, np.float32)) / 2)[:, None]
    probabilities[np.arange(len(chosen)), chosen] = sureness
    return Evaluation(("shirt", "bag", "boot"), np.zeros(len(chosen), np.int64), probabilities)


def test_photos_are_counted_by_chosen_class_and_sureness() -> None:
    told = histograms(evaluation_of([0.35, 0.5, 0.97, 0.9995, 1.0], [0, 0, 0, 2, 2]), "test")
    assert told["split"] == "test"
    assert told["bounds"] == list(CONFIDENCES)
    assert list(told["confidence"]) == ["shirt", "bag", "boot"]
    assert told["confidence"]["shirt"] == [0, 1, 1, 0, 0, 0, 0, 0, 1, 0, 0]
    assert told["confidence"]["bag"] == [0] * 11
    assert told["confidence"]["boot"] == [0] * 10 + [2]


def test_the_gateway_counts_alike() -> None:
    random = np.random.default_rng(0)
    drawn = [*random.uniform(0.34, 1, 500).tolist(), *CONFIDENCES[1:], 1.0]
    # A bound itself is not met by float32, in which all probabilities come.
    sureness = [value for value in np.array(drawn, np.float32).tolist() if value >= 0.34]
    chosen = [place % 3 for place in range(len(sureness))]
    told = histograms(evaluation_of(sureness, chosen), "test")["confidence"]

    metrics, observation = Metrics(), Observation()
    observation.version = 1
    labels = ("shirt", "bag", "boot")
    observation.best = [(labels[c], s) for c, s in zip(chosen, sureness, strict=True)]
    metrics.record(observation, "classify", "clothing", 200, 0.1)
    from prometheus_client import generate_latest

    numbers = read_numbers(generate_latest(metrics.registry).decode())
    for label, counts in told.items():
        bounds = [*map(str, CONFIDENCES), "+Inf"]
        common = {"model": "clothing", "version": "1", "predicted": label}
        live = [
            numbers["photolabel_confidence_bucket", frozenset({**common, "le": bound}.items())]
            for bound in bounds
        ]
        assert np.diff(live, prepend=0).tolist() == counts
