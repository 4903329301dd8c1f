"""`compare RECIPE_A RECIPE_B`: the command from its arguments to the report."""

import re
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from tests.training.backbones import write_photos
from training.__main__ import main
from training.experiments.comparison import trainings

SMALL = "clothing-dense128-adam:network.units=4"
LARGE = "clothing-dense128-adam:network.units=16"

Compare = Callable[..., int]

pytestmark = pytest.mark.integration  # The report names the commit, which git knows.


@pytest.fixture
def compare(garments: Path) -> Compare:
    """Return a function that compares two tiny networks on 3 splits of 200 photos."""

    def run(*arguments: str, recipes: tuple[str, ...] = (SMALL, LARGE), splits: int = 3) -> int:
        tiny = ["--set", "epochs=1", "--set", "batch_size=32", "--device", "cpu"]
        where = ["--data", str(garments), "--study", "units"]
        return main(["compare", *recipes, "--splits", str(splits), *tiny, *where, *arguments])

    return run


@pytest.fixture
def trained(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the recipes of the trainings, each with its seed; of an odd seed one has more errors.

    Nothing is trained. The fourth training is interrupted once.
    """
    done: list[str] = []

    def judged_error(recipe, data, *others):  # type: ignore[no-untyped-def]
        if len(done) == 3 and "interrupted" not in done:
            done.append("interrupted")
            raise KeyboardInterrupt
        done.append(f"{recipe.network.units}/{recipe.seed}")
        return recipe.network.units + recipe.seed % 2 + len(data.test) / 100

    monkeypatch.setattr(trainings, "judged_error", judged_error)
    return done


def test_two_recipes_are_trained_and_compared(
    compare: Compare, capsys: pytest.CaptureFixture[str]
) -> None:
    assert compare() == 0

    shown = capsys.readouterr().out
    errors = pd.read_csv("experiments/units/errors.csv")
    assert list(errors) == ["split", SMALL, LARGE]
    assert list(errors["split"]) == [1, 2, 3]
    assert ((errors[[SMALL, LARGE]] >= 0) & (errors[[SMALL, LARGE]] <= 100)).all(axis=None)
    # 40 photos are judged.
    assert (errors[[SMALL, LARGE]] * 40 / 100).round(6).mod(1).eq(0).all(axis=None)
    assert re.search(r"split 3, \S+16: error \d+\.\d\d% in", shown)
    assert "error on 3 random splits of 200 photos, 80% to train on" in shown
    assert "with 3 splits" in shown or "is better than" in shown
    page = Path("experiments/units/report.html").read_text("utf-8")
    assert "The test photos were not looked at" in page


def test_heads_are_trained_on_cached_features(tmp_path: Path) -> None:
    folder = write_photos(tmp_path / "flowers", {"rose": 70, "poppy": 70})
    network = "network.weights=random,network.alpha=0.25,network.cut=conv_pw_1_relu"
    recipes = [f"images-mobilenet:{network},head.units={units}" for units in (0, 2)]
    # More epochs than are repeated after a kill: with checkpoints.
    settings = ["--set", "epochs=11", "--set", "head.dropout=0", "--set", "learning_rate=0.3"]

    command = ["compare", *recipes, "--splits", "2", "--photos", str(folder), "--device", "cpu"]
    assert main([*command, *settings, "--output", "out"]) == 0

    errors = pd.read_csv("out/errors.csv")
    assert errors[recipes[0]].max() < 20
    assert not list(Path("out").glob("checkpoints*"))


def test_an_interrupted_comparison_goes_on_where_it_was(
    compare: Compare, trained: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert compare() == 130
    assert trained == ["4/1", "16/1", "4/2", "interrupted"]
    assert compare() == 0

    assert trained[4:] == ["16/2", "4/3", "16/3"]
    errors = pd.read_csv("experiments/units/errors.csv")
    assert list(errors[SMALL]) == [5.4, 4.4, 5.4]
    assert compare() == 0
    assert len(trained) == 7, "all are done"
    shown = capsys.readouterr().out
    assert f"{LARGE} is +12.00 points" not in shown


def test_more_splits_take_over_what_is_done(compare: Compare, trained: list[str]) -> None:
    trained.append("interrupted")
    assert compare() == 0
    assert compare(splits=4) == 0

    assert [each for each in trained if each.startswith("4/")] == ["4/1", "4/2", "4/3", "4/4"]
    assert len(pd.read_csv("experiments/units/errors.csv")) == 4


def test_a_recipe_is_compared_with_itself_by_other_seeds(
    compare: Compare, trained: list[str]
) -> None:
    trained.append("interrupted")
    assert compare(recipes=(SMALL, SMALL), splits=2) == 0

    assert [each for each in trained if "/" in each] == ["4/1", "4/1000001", "4/2", "4/1000002"]
    assert list(pd.read_csv("experiments/units/errors.csv")) == ["split", SMALL, f"{SMALL} (2)"]


def test_a_study_of_other_recipes_is_not_continued(
    compare: Compare, trained: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    trained.append("interrupted")
    assert compare() == 0
    for arguments in (["--set", "epochs=2"], ["--share", "0.5"]):
        assert compare(*arguments, splits=5) == 2
        error = capsys.readouterr().err
        assert "the study units in " in error
        assert "choose another name" in error
        assert error.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--splits", "1"], "--splits is at least 2"),
        (["--share", "1"], "--share is above 0 and below 1"),
        (["--share", "0.95"], "each part needs at least 20"),
        (["--set", "speed=1"], "has no setting 'speed'"),
        (["--photos", "nowhere", "--data", "."], "can't be combined"),
    ],
)
def test_wrong_use_is_one_line(
    compare: Compare,
    trained: list[str],
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    message: str,
) -> None:
    assert compare(*arguments) == 2

    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
    assert not trained
