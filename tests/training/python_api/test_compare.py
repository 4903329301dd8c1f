"""`compare` in Python: recipes on random splits, versions on the same photos."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from training import compare
from training.errors import UsageError
from training.python_api.trained_run import TrainedRun
from training.recipes import RECIPES

RECIPE = "clothing-dense128-adam"


@pytest.mark.integration
def test_recipes_are_compared(shapes: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = replace(RECIPES[RECIPE], learning_rate=1e-5)

    found = compare(
        {"usual": RECIPE, "slow": other},
        splits=2,
        share=0.5,
        photos=shapes,
        shape=(12, 10, 3),
        settings={"epochs": 2},
    )

    assert capsys.readouterr() == ("", "")
    assert [*found.errors.columns] == ["split", "usual", "slow"]
    assert found.errors["split"].tolist() == [1, 2]
    means = found.errors[["usual", "slow"]].mean()
    (verdict,) = found.verdicts.to_dict("records")
    assert (verdict["a"], verdict["b"]) == ("usual", "slow")
    assert verdict["difference"] == pytest.approx(means["usual"] - means["slow"])
    assert verdict["sentence"] in repr(found)
    assert found.report == Path("experiments/usual-vs-slow/report.html")
    assert found.report.is_file()


@pytest.mark.integration
def test_versions_are_compared(trained: TrainedRun, shapes: Path) -> None:
    base = trained.publish()
    (base.parent / "2").symlink_to(base.absolute())

    found = compare(["shapes/1", "shapes/2"], data=shapes)

    assert found.errors.to_dict("records") == [{"shapes/1": 0.0, "shapes/2": 0.0}]
    (verdict,) = found.verdicts.to_dict("records")
    assert (verdict["difference"], verdict["p"]) == (0, 1)
    assert found.report is None


@pytest.mark.parametrize(
    ("compared", "given", "message"),
    [
        ([RECIPE], {}, "name at least two recipes"),
        ([], {}, "name at least two recipes"),
        ([RECIPE, "clothing-none"], {}, "there is no recipe 'clothing-none'"),
        ([RECIPE, f"{RECIPE}:epoch=3"], {}, "has no setting 'epoch'"),
        ([RECIPE, f"{RECIPE}:seed=3"], {}, "seed has no effect"),
        ([RECIPE, "cats-dogs-cnn"], {}, "are for different photos"),
        ([RECIPE, RECIPE], {"splits": 1}, "splits is at least 2"),
        ([RECIPE, RECIPE], {"share": 1.0}, "share is above 0 and below 1"),
    ],
)
def test_what_does_not_go_together_is_refused(
    compared: Sequence[str], given: dict[str, Any], message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        compare(compared, **given)
    assert not Path("experiments").exists()
