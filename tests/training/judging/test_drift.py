"""The drift command: metrics compared with a model card, and inconclusive cases."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from prometheus_client import generate_latest

from serving.gateway.telemetry.metrics import Metrics
from serving.gateway.telemetry.observation import Observation
from training.__main__ import main
from training.metrics.evaluation import Evaluation
from training.metrics.histograms import histograms

LABELS = ("shirt", "bag")


def drawn(photos: int, mean: float = 3.0, bags: float = 0.5, seed: int = 0) -> np.ndarray:
    """Return probabilities `[photos, 2]` of a model that is more confident with a larger mean."""
    random = np.random.default_rng(seed)
    confidence = 1 / (1 + np.exp(-np.abs(random.normal(mean, 1.0, photos))))
    bag = random.random(photos) < bags
    return np.stack(
        [np.where(bag, 1 - confidence, confidence), np.where(bag, confidence, 1 - confidence)],
        axis=1,
    )


def metrics_text(versions: dict[int, np.ndarray], model: str = "clothing") -> str:
    """Return the metrics of a gateway after these predictions."""
    metrics = Metrics()
    for version, probabilities in versions.items():
        observation = Observation()
        observation.version = version
        best = zip(probabilities.argmax(axis=1), probabilities.max(axis=1), strict=True)
        observation.best = [(LABELS[chosen], float(confidence)) for chosen, confidence in best]
        metrics.record(observation, "classify", model, 200, 0.1)
    return generate_latest(metrics.registry).decode()


def publish(models: Path, version: int = 1, **changes: Any) -> Path:
    """Write the files of a version that `drift` reads."""
    folder = models / "clothing" / str(version)
    (folder / "assets.extra").mkdir(parents=True)
    (folder / "saved_model.pb").touch()
    evaluation = Evaluation(LABELS, np.zeros(5000, np.int64), drawn(5000, seed=9))
    card = {"name": "clothing", "histograms": histograms(evaluation, "test"), **changes}
    (folder / "assets.extra" / "model_card.json").write_text(json.dumps(card))
    return folder


@pytest.fixture
def models(tmp_path: Path) -> Path:
    publish(tmp_path / "models")
    return tmp_path / "models"


def run(text: str, tmp_path: Path, *arguments: str, model: str = "clothing") -> int:
    """Run the command on metrics in a file."""
    file = tmp_path / "metrics.txt"
    file.write_text(text)
    return main(
        ["drift", model, "--metrics", str(file), "--models", str(tmp_path / "models"), *arguments]
    )


def test_similar_photos_are_no_drift(
    models: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(metrics_text({1: drawn(2000)}), tmp_path) == 0
    output = capsys.readouterr().out
    assert output.startswith(f"clothing/1: its card compared with {tmp_path}/metrics.txt\n")
    assert "between 5,000 photos of the card and 2,000 live ones (by chance up to 0.0" in output
    assert output.count("no relevant change") == 2
    assert "0.99 to 0.999" in output


def test_different_photos_are_drift(
    models: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = metrics_text({1: drawn(2000, mean=1.0)})
    assert run(text, tmp_path) == 4
    out, error = capsys.readouterr()
    assert "a large change" in out
    assert error.startswith("error: clothing/1 has drifted: confidences ")
    assert "classes" not in error
    assert run(text, tmp_path, "--only", "classes") == 0
    assert run(text, tmp_path, "--threshold", "50") == 0


def test_other_shares_of_the_classes_are_drift(
    models: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = metrics_text({1: drawn(2000, bags=0.67)})
    assert run(text, tmp_path) == 0
    assert "a small change" in capsys.readouterr().out
    assert run(text, tmp_path, "--threshold", "0.1") == 4
    assert "has drifted: classes 0.1" in capsys.readouterr().err
    assert run(text, tmp_path, "--threshold", "0.1", "--only", "confidences") == 0


def test_the_newest_version_with_photos_is_compared_unless_one_is_given(
    models: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for version in (2, 10, 11):
        publish(models, version)
    text = metrics_text({2: drawn(900, mean=1.0), 10: drawn(800)})
    assert run(text, tmp_path) == 0
    assert "clothing/10: " in capsys.readouterr().out
    assert run(text, tmp_path, model="clothing/2") == 4
    capsys.readouterr()
    assert run(text, tmp_path, model="clothing/11") == 5
    message = (
        "the metrics have no photos of version 11; they have 900 of version 2, 800 of version 10"
    )
    assert message in capsys.readouterr().err


def test_prometheus_may_have_several_gateways_and_no_versions(
    models: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    name = "model:photolabel_confidence_bucket:increase1w"
    lines = [f"# TYPE {name} untyped"]
    for line in metrics_text({1: drawn(150)}).splitlines():
        if line.startswith("photolabel_confidence_bucket"):
            labels, _, value = line.replace(',version="1"', "").rpartition(" ")
            _, _, labels = labels.partition("{")
            for gateway in "ab":
                fraction = float(value) * 1.01
                lines.append(f'{name}{{instance="{gateway}",{labels} {fraction} 1700000000000')
    text = "\n".join(lines) + "\n"
    assert run(text, tmp_path) == 0
    output = capsys.readouterr().out
    assert "which has no versions" in output
    assert "303 live ones" in output
    assert run(f"{text}{metrics_text({1: drawn(500)})}", tmp_path) == 1
    message = " and photolabel_confidence_bucket: select one of them"
    assert message in capsys.readouterr().err


def test_too_few_photos_are_inconclusive(
    models: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = metrics_text({1: drawn(199)})
    assert run(text, tmp_path) == 5
    assert "199 photos are too few, 200 are needed (--least)" in capsys.readouterr().err
    assert run(text, tmp_path, "--least", "199") == 0
    assert run(metrics_text({1: drawn(999)}, "cats-dogs"), tmp_path) == 5
    assert "the metrics have no photos of a model clothing" in capsys.readouterr().err
    assert run("", tmp_path) == 5


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"histograms": None}, "the card has no histograms: the model was trained by an older"),
        ({"histograms": {"bounds": [0.5]}}, "the histograms of the card are damaged"),
        (
            {"histograms": {"bounds": [0.5], "confidence": {"shirt": [1, 2], "bag": [3, 4]}}},
            "the card counts confidences up to 0.5, the gateway up to 0.3, 0.4, 0.5",
        ),
    ],
)
def test_an_unusable_model_card_is_reported(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], changes: dict[str, Any], message: str
) -> None:
    publish(tmp_path / "models", **changes)
    assert run(metrics_text({1: drawn(500)}), tmp_path) == 1
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("<html><body>hello</body></html>\n", "is not in the Prometheus text format"),
        ('{"status": "ok"}\n', "is not in the Prometheus text format"),
        (
            'photolabel_confidence_bucket{le="x",model="clothing",predicted="bag"} 1\n',
            "has a bin of photolabel_confidence_bucket with the bound 'x'",
        ),
        (
            'photolabel_confidence_bucket{le="0.5",model="clothing",predicted="bag"} 1\n',
            "lack bins",
        ),
    ],
)
def test_text_that_is_not_metrics_is_reported(
    models: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, message: str
) -> None:
    assert run(text, tmp_path) == 1
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1


def test_a_class_unknown_to_the_model_is_reported(
    models: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = metrics_text({1: drawn(500)}).replace('predicted="bag"', 'predicted="hat"')
    assert run(text, tmp_path) == 1
    assert "the class 'hat', which this model does not have" in capsys.readouterr().err


@pytest.mark.parametrize(
    "wrong", [["--threshold", "0"], ["--threshold", "nan"], ["--least", "0"], ["--threshold", "-1"]]
)
def test_an_invalid_option_is_a_usage_error(models: Path, tmp_path: Path, wrong: list[str]) -> None:
    assert run(metrics_text({1: drawn(500)}), tmp_path, *wrong) == 2


def test_missing_metrics_are_reported(
    models: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["drift", "clothing", "--metrics", "nowhere.txt", "--models", str(models)]) == 1
    assert capsys.readouterr().err.startswith("error: no metrics from nowhere.txt: ")


def test_an_unknown_model_is_reported(
    models: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("", tmp_path, model="hats") == 1
    assert "there is no published model hats" in capsys.readouterr().err


def test_versions_that_are_not_numbers_are_reported(
    models: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = metrics_text({1: drawn(900)})
    for label in ("abc", "²"):
        named = text.replace('version="1"', f'version="{label}"')
        assert run(named, tmp_path) == 5
        message = "the metrics have no photos of a numbered version; they have 900 of version "
        assert capsys.readouterr().err == f"error: {message}{label}\n"


def test_an_empty_source_of_metrics_is_a_usage_error(
    models: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["drift", "clothing", "--metrics", "", "--models", str(models)]) == 2
    assert "--metrics is a URL or a file, not ''" in capsys.readouterr().err
