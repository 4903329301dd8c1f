from typing import Any

import keras
import numpy as np
import pytest

from training.datasets import Split
from training.evaluation import evaluate


class Brightness:
    """Stands in for a network: says what it says by the level of a photo."""

    def predict_on_batch(self, photos: np.ndarray) -> np.ndarray:
        answers = [[0.8, 0.2, 0.0], [0.1, 0.9, 0.0], [0.6, 0.4, 0.0]]
        return np.array([answers[level] for level in photos[:, 0, 0, 0]], np.float32)


def judge(levels: list[int], classes: list[int]) -> dict[str, Any]:
    photos = np.array(levels, np.uint8).reshape(-1, 1, 1, 1)
    network: keras.Model = Brightness()
    return evaluate(network, Split(photos, np.array(classes)), ("a", "b", "c"))


def test_accuracy_loss_and_each_classs_share() -> None:
    metrics = judge([0, 1, 2, 2], [0, 1, 1, 0])

    assert metrics["photos"] == 4
    assert metrics["accuracy"] == 0.75
    assert metrics["loss"] == pytest.approx(-np.log([0.8, 0.9, 0.4, 0.6]).mean())
    assert metrics["classes"] == {
        "a": {"photos": 2, "recall": 1.0, "precision": pytest.approx(2 / 3)},
        "b": {"photos": 2, "recall": 0.5, "precision": 1.0},
        "c": {"photos": 0, "recall": None, "precision": None},
    }


def test_a_probability_of_zero_for_the_right_class_leaves_the_loss_finite() -> None:
    assert judge([0], [2])["loss"] == pytest.approx(-np.log(1e-7))


def test_more_photos_than_a_batch_are_all_judged() -> None:
    metrics = judge([0, 1] * 300, [0, 0] * 300)

    assert metrics["photos"] == 600
    assert metrics["accuracy"] == 0.5
