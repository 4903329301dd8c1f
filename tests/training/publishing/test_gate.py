import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.training.signals import (
    DIGEST,
    LETTERS,
    data_set,
    evaluation,
    photos,
    published,
    with_contents,
)
from training.data.datasets import DataSet
from training.data.splits import split_of
from training.errors import Refused
from training.publishing.comparison import Candidate
from training.publishing.gate import judge as judge_candidate
from training.publishing.gate_policy import GatePolicy
from training.publishing.training_photos import training_digests
from training.publishing.verdict import Verdict
from training.recipe import Recipe

PHOTOS, OLD_RIGHT = 1000, 900  # The serving version gets OLD_RIGHT of them right.


@pytest.fixture
def base(tmp_path: Path) -> Path:
    return tmp_path / "models" / "letters"


def verdict(
    base: Path, right: int, policy: GatePolicy | None = None, recipe: Recipe = LETTERS
) -> Verdict:
    """Judge a model that gets the first `right` test photos right."""
    data = data_set(OLD_RIGHT, PHOTOS - OLD_RIGHT)
    return judge(base, data, np.arange(PHOTOS) < right, policy, recipe)


def judge(
    base: Path,
    data: DataSet,
    right: np.ndarray,
    policy: GatePolicy | None = None,
    recipe: Recipe = LETTERS,
) -> Verdict:
    """Judge a model that is right on these test photos."""
    candidate = Candidate(recipe, data, evaluation(data, right), training_digests(data))
    return judge_candidate(candidate, base, policy or GatePolicy())


def test_the_first_version_only_has_to_reach_the_floor(base: Path) -> None:
    verdict(base, right=500).check()
    with pytest.raises(Refused) as raised:
        verdict(base, right=499).check()

    assert str(raised.value) == (
        "not published: its test accuracy of 49.90% (499 of 1,000 photos) is below the floor of"
        " letters-dense, 50.00%: look at its curves in the report, and train it again. --force"
        " publishes it anyway"
    )
    assert raised.value.exit_status == 3


def test_a_model_as_good_as_the_serving_version_passes_with_the_comparison(base: Path) -> None:
    published(base)
    found = verdict(base, right=905)
    found.check()

    assert found.serving == 1
    assert found.difference is not None
    assert (found.difference.gained, found.difference.lost) == (5, 0)
    assert found.difference.estimate == pytest.approx(0.005)
    assert found.lines() == [
        "against version 1, which serves: +0.50 points of accuracy on the same 1,000 test photos"
        f" (95% interval {100 * found.difference.low:+.2f} to {100 * found.difference.high:+.2f};"
        " 5 photos gained, 0 lost)"
    ]


def test_a_model_worse_by_more_than_the_tolerance_is_refused_with_figures(base: Path) -> None:
    published(base)
    with pytest.raises(Refused) as raised:
        verdict(base, right=880).check()

    assert re.fullmatch(
        r"not published: it is worse than version 1, which serves: -2\.00 points of accuracy on"
        r" the same 1,000 test photos \(95% interval -\d\.\d\d to -\d\.\d\d; 0 photos gained, 20"
        r" lost\); keep the other one, or try other settings\. --force publishes it anyway",
        str(raised.value),
    )
    verdict(base, right=880, policy=GatePolicy(tolerance=2)).check()


def test_a_loss_that_may_be_chance_is_refused_and_said_to_be_so(base: Path) -> None:
    published(base)
    data = data_set(OLD_RIGHT, PHOTOS - OLD_RIGHT)
    right = np.arange(PHOTOS) < OLD_RIGHT
    right[:4], right[-1:] = False, True
    found = judge(base, data, right)

    assert found.difference is not None
    assert found.difference.estimate == pytest.approx(-0.003)
    assert found.difference.low < 0 < found.difference.high
    chance = "; the loss may be chance, and --tolerance 0.5 accepts such losses"
    with pytest.raises(Refused, match=re.escape(chance)):
        found.check()
    judge(base, data, right, GatePolicy(tolerance=0.3)).check()


def test_force_overrides_every_fault_and_is_recorded(base: Path) -> None:
    published(base)
    found = verdict(base, right=400, policy=GatePolicy(force=True))
    found.check()

    record = found.record()
    assert record == json.loads(json.dumps(record))
    assert record["forced"]
    assert len(record["faults"]) == 2
    assert record["floor"] == 0.5
    assert record["tolerance"] == 0
    assert [line for line in found.lines() if line.startswith("published by force: its test")]


def test_other_labels_are_refused(base: Path) -> None:
    published(base, labels=("a", "b", "x"))
    found = verdict(base, right=600)

    assert found.difference is None
    labels = (
        "its labels are not those of version 1, which serves (added: c; missing: x): name another"
        " model with --name, or tell those who use this one. --force publishes it anyway"
    )
    with pytest.raises(Refused, match=re.escape(f"not published: {labels}")):
        found.check()


def test_arrays_are_not_prepared(base: Path) -> None:
    """Photos in arrays are what models of any preparation take, if they have their size."""
    published(base)
    assert verdict(base, right=900, recipe=replace(LETTERS, preparation="garment/1")).difference

    found = verdict(base, right=900, recipe=replace(LETTERS, shape=(28, 28, 1)))
    assert found.difference is None
    reason = (
        "not published: it can't be compared with version 1, which serves: it takes photos of"
        " 2×2×1, prepared by squash/1, and these are of 28×28×1"
    )
    with pytest.raises(Refused, match=re.escape(reason)):
        found.check()


def test_labels_in_another_order_are_the_same_labels(base: Path) -> None:
    published(base, labels=("c", "a", "b"))
    difference = verdict(base, right=OLD_RIGHT).difference
    assert difference is not None
    assert (difference.gained, difference.lost) == (0, 0)


@pytest.mark.parametrize("damage", ["saved_model.pb", "assets.extra/training_photos.npy"])
def test_a_version_that_cannot_be_read_is_named_without_its_folder(base: Path, damage: str) -> None:
    published(base, trained_on=np.array([1, 2], np.uint64))
    (base / "1" / damage).write_bytes(b"damaged")

    with pytest.raises(Refused) as raised:
        verdict(base, right=900).check()
    reason = "can't be compared with version 1, which serves: it can't be read as a model; score"
    assert reason in str(raised.value)
    assert str(base) not in str(raised.value)


def test_a_version_that_was_perhaps_trained_on_the_test_photos_is_not_compared(base: Path) -> None:
    published(base, data={"sha256": "e" * 64})
    found = verdict(base, right=900)

    assert found.difference is None
    reason = (
        "it has no digests of its training photos, and its card does not tell which of the 1,000"
        " test photos it was trained on; score both on new photos (evaluate --photos)"
    )
    with pytest.raises(Refused, match=re.escape(reason)):
        found.check()


def test_a_version_is_compared_on_the_photos_that_it_was_not_trained_on(base: Path) -> None:
    """Both versions' photos are split by content, with other seeds: 30% of the photos remain."""
    published(base, data={"sha256": "e" * 64, "split_seed": 2})
    data = with_contents(data_set(OLD_RIGHT, PHOTOS - OLD_RIGHT), split_seed=1)
    contents = data.contents(data.test)
    assert contents is not None
    unseen = np.array([split_of(content, 2) != "training" for content in contents])
    right = ~unseen | (np.arange(PHOTOS) < OLD_RIGHT - 100)
    found = judge(base, data, right)

    assert found.difference is not None
    assert found.difference.photos == unseen.sum() == pytest.approx(300, abs=60)
    assert (found.difference.gained, found.difference.lost) == (0, unseen[800:900].sum())
    where = f"on the {unseen.sum()} of 1,000 test photos that neither was trained on (95%"
    with pytest.raises(Refused, match=re.escape(where)):
        found.check()


def test_the_same_split_of_the_same_photos_is_compared_on_all_of_them(base: Path) -> None:
    published(base, data={"sha256": DIGEST, "split_seed": 3})
    data = with_contents(data_set(OLD_RIGHT, PHOTOS - OLD_RIGHT), split_seed=3)
    found = judge(base, data, np.arange(PHOTOS) < 900)

    assert found.difference is not None
    assert found.difference.photos == PHOTOS


def test_accuracy_does_not_slide_by_less_than_the_tolerance_each_time(base: Path) -> None:
    """The second version loses 0.4 points to the first; so would the third to the second."""
    data, tolerant = data_set(OLD_RIGHT, PHOTOS - OLD_RIGHT), GatePolicy(tolerance=0.5)
    pixels, classes = np.asarray(data.test.photos), data.test.classes
    pixels[896:900], classes[896:900] = photos(np.full(4, 3)), 0
    published(base, accuracy=0.9)
    second = judge(base, data, np.arange(PHOTOS) < 896, tolerant)
    second.check()
    assert second.best is None, "the best version is the one that serves"
    published(base, accuracy=0.896, fourth=1)
    third = judge(base, data, np.arange(PHOTOS) < 892, tolerant)

    assert third.serving == 2
    assert third.difference is not None
    assert third.difference.estimate == pytest.approx(-0.004)
    with pytest.raises(Refused) as raised:
        third.check()
    assert "not published: it is worse than version 1, the best one so far: -0.80 points" in str(
        raised.value
    )
    assert third.record()["best_difference"]["lost"] == 8
