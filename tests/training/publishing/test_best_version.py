"""Which version is the best one so far, with which the gate compares."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.training.signals import DIGEST, LABELS, LETTERS, data_set, evaluation, with_contents
from training.data.datasets import DataSet
from training.publishing import best_version as module
from training.publishing.comparison import Candidate
from training.publishing.training_photos import ascending, training_digests, write_training_photos

DATA = data_set(180, 20)


def best_version(base: Path, data: DataSet) -> int | None:
    right = evaluation(data, np.ones(len(data.test), bool))
    return module.best_version(base, Candidate(LETTERS, data, right, training_digests(data)))


def write_card(base: Path, version: int, accuracy: object, **card: Any) -> None:
    path = base / str(version) / "assets.extra" / "model_card.json"
    path.parent.mkdir(parents=True)
    described = {"data": {"sha256": DIGEST}, "metrics": {"test": {"accuracy": accuracy}}, **card}
    path.write_text(json.dumps(described))


def test_it_has_the_highest_accuracy_on_the_same_data(tmp_path: Path) -> None:
    write_card(tmp_path, 1, 0.9)
    write_card(tmp_path, 2, 0.99, data={"sha256": "e" * 64})
    write_card(tmp_path, 3, 0.88)
    (tmp_path / "4").mkdir()

    assert best_version(tmp_path, DATA) == 1
    assert best_version(tmp_path, replace(DATA, digest="f" * 64)) is None
    assert best_version(tmp_path / "none", DATA) is None


def test_of_equals_it_is_the_newest(tmp_path: Path) -> None:
    for version in (1, 2):
        write_card(tmp_path, version, 0.9)

    assert best_version(tmp_path, DATA) == 2


@pytest.mark.parametrize("accuracy", [None, "damaged", [1], float("nan")])
def test_a_card_without_an_accuracy_is_skipped(tmp_path: Path, accuracy: object) -> None:
    write_card(tmp_path, 1, 0.5)
    write_card(tmp_path, 2, accuracy)

    assert best_version(tmp_path, DATA) == 1


def test_versions_with_other_labels_do_not_count(tmp_path: Path) -> None:
    write_card(tmp_path, 1, 0.5, labels=LABELS[::-1])
    write_card(tmp_path, 2, 0.9, labels=["a", "b"])

    assert best_version(tmp_path, DATA) == 1


@pytest.mark.parametrize(("seen", "best"), [(180, 2), (181, 1), (200, 1)])
def test_versions_that_were_trained_on_too_many_test_photos_do_not_count(
    tmp_path: Path, seen: int, best: int
) -> None:
    data = with_contents(DATA, split_seed=1)
    write_card(tmp_path, 1, 0.5)
    write_card(tmp_path, 2, 0.9)
    digests = ascending((data.contents(data.test) or [])[:seen])
    write_training_photos(digests, tmp_path / "2" / "assets.extra" / "training_photos.npy")

    assert best_version(tmp_path, replace(data, split_seed=None)) == best


def test_after_photos_were_added_it_is_the_best_on_the_photos_before(tmp_path: Path) -> None:
    """Otherwise accuracy could slide with each photo that is added."""
    for version, (accuracy, digest) in enumerate([(0.9, "a"), (0.896, "b"), (0.892, "c")], 1):
        write_card(tmp_path, version, accuracy, data={"sha256": digest, "split_seed": 1})
    write_card(tmp_path, 4, 0.99, data={"sha256": "d"})  # Perhaps trained on all photos.
    data = with_contents(DATA, split_seed=1)

    assert best_version(tmp_path, data) == 1
    assert best_version(tmp_path, replace(data, digest="b")) == 2
