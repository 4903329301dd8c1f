import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.training.signals import data_set, evaluation, published
from training.errors import Refused, TrainingError
from training.networks.dense import DenseNetwork
from training.publishing.gate import Verdict, judge, serving_version
from training.publishing.gate_policy import GatePolicy
from training.recipe import Recipe

RECIPE = Recipe(
    name="letters-dense",
    model="letters",
    what="",
    expected="",
    dataset="signals",
    preparation="squash/1",
    shape=(2, 2, 1),
    network=DenseNetwork(),
    floor=0.5,
)
PHOTOS, OLD_RIGHT = 1000, 900  # The serving version gets OLD_RIGHT of them right.


@pytest.fixture
def base(tmp_path: Path) -> Path:
    return tmp_path / "models" / "letters"


def verdict(
    base: Path, right: int, policy: GatePolicy | None = None, recipe: Recipe = RECIPE
) -> Verdict:
    """Judge a model that gets the first `right` test photos right."""
    data = data_set(OLD_RIGHT, PHOTOS - OLD_RIGHT)
    predicted = evaluation(data, np.arange(PHOTOS) < right)
    return judge(recipe, data, predicted, base, policy or GatePolicy())


def test_the_first_version_only_has_to_reach_the_floor(base: Path) -> None:
    verdict(base, right=500).check()
    with pytest.raises(Refused) as raised:
        verdict(base, right=499).check()

    assert str(raised.value) == (
        "not published: its test accuracy of 49.90% (499 of 1,000 photos) is below the floor of"
        " letters-dense, 50.00%. --force publishes it anyway"
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
    with pytest.raises(Refused, match=r"it is worse than version 1, which serves: -2\.00 points"):
        verdict(base, right=880).check()

    verdict(base, right=880, policy=GatePolicy(tolerance=2.5)).check()


def test_a_lower_accuracy_that_may_be_chance_is_accepted(base: Path) -> None:
    published(base)
    data = data_set(OLD_RIGHT, PHOTOS - OLD_RIGHT)
    right = np.arange(PHOTOS) < OLD_RIGHT
    right[:40], right[-30:] = False, True  # 40 lost, 30 gained.
    found = judge(RECIPE, data, evaluation(data, right), base, GatePolicy())

    assert found.difference is not None
    assert found.difference.estimate == pytest.approx(-0.01)
    assert found.difference.low < 0 < found.difference.high
    found.check()


def test_force_overrides_every_fault_and_is_recorded(base: Path) -> None:
    published(base)
    found = verdict(base, right=400, policy=GatePolicy(force=True))
    found.check()

    record = found.record()
    assert record == json.loads(json.dumps(record))
    assert record["forced"]
    assert len(record["faults"]) == 2
    assert record["floor"] == 0.5
    assert record["tolerance"] == 0.5
    assert [line for line in found.lines() if line.startswith("published by force: its test")]


def test_a_version_with_other_labels_shape_or_preparation_is_not_compared(base: Path) -> None:
    published(base, labels=("a", "b", "x"))
    others = replace(RECIPE, shape=(28, 28, 1)), replace(RECIPE, preparation="garment/1")
    notes = [verdict(base, right=600).note]
    published(base)
    notes += [verdict(base, right=600, recipe=other).note for other in others]

    assert notes == [
        "not compared with version 1: its labels are different (a, b, x)",
        "not compared with version 2: it takes photos of 2×2×1, this one of 28×28×1",
        "not compared with version 2: it takes photos prepared by squash/1, this one by garment/1",
    ]
    assert all(verdict(base, right=600, recipe=other).difference is None for other in others)


def test_labels_in_another_order_are_the_same_labels(base: Path) -> None:
    published(base, labels=("c", "a", "b"))

    difference = verdict(base, right=OLD_RIGHT).difference
    assert difference is not None
    assert (difference.gained, difference.lost) == (0, 0)


def test_a_version_that_cannot_be_read_is_noted_without_its_folder(base: Path) -> None:
    (base / "1").mkdir(parents=True)
    found = verdict(base, right=600)

    assert found.note == "not compared: version 1 cannot be read as a model"
    found.check()


def test_a_version_trained_on_other_data_is_compared_with_a_warning(base: Path) -> None:
    published(base, data={"sha256": "e" * 64})
    found = verdict(base, right=900)

    assert found.difference is not None
    assert found.note.startswith("version 1 was trained on other data, possibly on some of these")


CONFIG = """
model_config_list {{ config {{
  name: "letters"
  base_path: "/models/letters"
  model_platform: "tensorflow"
  {rest}
}} }}
"""


@pytest.mark.parametrize(
    ("rest", "serving"),
    [
        ("", 3),
        ('version_labels { key: "stable" value: 2 }', 2),
        ('version_labels { key: "canary" value: 2 }', 3),
        ('version_labels { key: "stable" value: 9 }', 3),
        ("model_version_policy { specific { versions: 1 } }", 1),
    ],
)
def test_the_serving_version_follows_the_model_config(
    base: Path, tmp_path: Path, rest: str, serving: int
) -> None:
    for number in (1, 2, 3):
        (base / str(number)).mkdir(parents=True)
    config = tmp_path / "models.config"
    config.write_text(CONFIG.format(rest=rest))

    assert serving_version(base, config) == serving
    assert serving_version(base) == 3
    assert serving_version(base.parent / "none") is None


def test_a_config_file_that_cannot_be_read_stops_the_publication(base: Path) -> None:
    with pytest.raises(TrainingError, match="which version serves is unknown"):
        serving_version(base, Path("none.config"))
