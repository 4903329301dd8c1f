import json
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from training.data.datasets import Split
from training.errors import TrainingError
from training.metrics.evaluation import (
    Evaluation,
    confident_mistakes,
    evaluate,
    read_evaluation,
    sample,
    save_evaluation,
)


class Brightness:
    """Stands in for a network: its predictions depend on the gray level of a photo."""

    def predict_on_batch(self, photos: np.ndarray) -> np.ndarray:
        outputs = [[0.8, 0.2, 0.0], [0.1, 0.9, 0.0], [0.6, 0.4, 0.0]]
        return np.array([outputs[level] for level in photos[:, 0, 0, 0]], np.float32)


def metrics_of(levels: list[int], classes: list[int]) -> dict[str, Any]:
    photos = np.array(levels, np.uint8).reshape(-1, 1, 1, 1)
    network: keras.Model = Brightness()
    return evaluate(network, Split(photos, np.array(classes)), ("a", "b", "c"))


def test_accuracy_loss_and_the_figures_of_each_class() -> None:
    metrics = metrics_of([0, 1, 2, 2], [0, 1, 1, 0])

    assert metrics["photos"] == 4
    assert metrics["accuracy"] == 0.75
    assert metrics["loss"] == pytest.approx(-np.log([0.8, 0.9, 0.4, 0.6]).mean())
    assert metrics["classes"] == {
        "a": {"photos": 2, "recall": 1.0, "precision": pytest.approx(2 / 3), "f1": 0.8},
        "b": {"photos": 2, "recall": 0.5, "precision": 1.0, "f1": pytest.approx(2 / 3)},
        "c": {"photos": 0, "recall": None, "precision": None, "f1": None},
    }


def test_a_probability_of_zero_for_the_right_class_leaves_the_loss_finite() -> None:
    assert metrics_of([0], [2])["loss"] == pytest.approx(-np.log(1e-7))


def test_more_photos_than_a_batch_are_all_evaluated() -> None:
    metrics = metrics_of([0, 1] * 300, [0, 0] * 300)

    assert metrics["photos"] == 600
    assert metrics["accuracy"] == 0.5


def array_of(*rows: list[float]) -> np.ndarray:
    return np.array(rows, np.float32)


def test_the_confusion_matrix_has_true_classes_in_rows_and_predicted_ones_in_columns() -> None:
    probabilities = array_of([0.9, 0.1, 0], [0.2, 0.8, 0], [0.3, 0.7, 0], [0, 0, 1])
    evaluation = Evaluation(("a", "b", "c"), np.array([0, 0, 1, 1]), probabilities)

    assert evaluation.confusion().tolist() == [[1, 1, 0], [0, 1, 1], [0, 0, 0]]
    low, high = evaluation.metrics()["accuracy_interval"]
    assert 0 < low < 0.5 < high < 1


def test_top_k_accuracies_count_photos_whose_class_is_among_the_most_probable() -> None:
    rows = [0.4, 0.3, 0.2, 0.1], [0.1, 0.2, 0.3, 0.4], [0.25, 0.25, 0.25, 0.25]
    evaluation = Evaluation(tuple("abcd"), np.array([1, 1, 3]), array_of(*rows))

    # Of equally probable classes the first counts as the most probable one, as in `accuracy`.
    assert evaluation.metrics()["top_k"] == pytest.approx({"2": 1 / 3, "3": 2 / 3})


@pytest.mark.parametrize(("count", "ks"), [(3, ["2"]), (5, ["2", "3"]), (6, ["2", "3", "5"])])
def test_top_k_accuracies_are_given_for_k_below_the_number_of_classes(
    count: int, ks: list[str]
) -> None:
    evaluation = Evaluation(tuple("abcdef"[:count]), np.array([0]), np.eye(count)[:1])

    assert list(evaluation.metrics()["top_k"]) == ks


def test_two_classes_have_no_top_k_accuracy() -> None:
    evaluation = Evaluation(("a", "b"), np.array([0]), array_of([0.9, 0.1]))

    assert "top_k" not in evaluation.metrics()


def test_a_saved_evaluation_reads_back_with_the_photos_that_a_report_shows(
    tmp_path: Path,
) -> None:
    count = 100
    classes = np.arange(count) % 2
    probabilities = np.stack([np.linspace(0, 1, count), np.linspace(1, 0, count)], axis=1)
    photos = np.arange(count, dtype=np.uint8).reshape(-1, 1, 1, 1)
    evaluation = Evaluation(("cat", "кот"), classes, probabilities.astype(np.float32))
    names = [f"/photos/{index}.png" for index in range(count)]
    save_evaluation(evaluation, photos, tmp_path, names)

    found, shown = read_evaluation(tmp_path)
    assert found.labels == evaluation.labels
    assert np.array_equal(found.classes, classes)
    assert np.array_equal(found.probabilities, evaluation.probabilities)
    assert {*sample(found), *confident_mistakes(found)} == set(shown)
    assert len(sample(found)) == 24
    assert all(photo.pixels == index for index, photo in shown.items())
    assert all(photo.name == names[index] for index, photo in shown.items())
    figures = json.loads((tmp_path / "evaluation.json").read_text())
    assert figures["confusion"] == evaluation.confusion().tolist()
    assert figures["accuracy"] == evaluation.metrics()["accuracy"]


def test_the_most_confident_mistakes_come_first() -> None:
    probabilities = array_of([0.6, 0.4], [0.1, 0.9], [0.2, 0.8], [0.9, 0.1])
    evaluation = Evaluation(("a", "b"), np.array([1, 0, 0, 0]), probabilities)

    assert confident_mistakes(evaluation).tolist() == [1, 2, 0]
    assert confident_mistakes(evaluation, count=1).tolist() == [1]


def test_a_missing_and_a_damaged_evaluation_are_reported(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="it is not the folder of a finished run"):
        read_evaluation(tmp_path)
    (tmp_path / "evaluation.npz").write_bytes(b"PK\3\4")
    with pytest.raises(TrainingError, match=r"evaluation\.npz is damaged"):
        read_evaluation(tmp_path)
    np.savez_compressed(tmp_path / "evaluation.npz", shown=np.arange(1000))
    content = bytearray((tmp_path / "evaluation.npz").read_bytes())
    start = content.index(b"shown.npy") + 60  # Within what is compressed.
    content[start : start + 200] = b"\xff" * 200
    (tmp_path / "evaluation.npz").write_bytes(content)
    with pytest.raises(TrainingError, match=r"evaluation\.npz is damaged \(Error -3"):
        read_evaluation(tmp_path)
