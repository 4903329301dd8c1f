"""`sweep` in Python: data frames, a report, and a run that can be published."""

from pathlib import Path
from typing import Any

import pytest

from training import sweep
from training.errors import UsageError
from training.experiments.queue import Range
from training.experiments.studies import STUDIES
from training.python_api.asked_sweep import checked_sweep
from training.python_api.chosen_recipe import Photos

OWN = {"shape": (12, 10, 3)}


@pytest.mark.integration
def test_a_small_sweep(shapes: Path, capsys: pytest.CaptureFixture[str]) -> None:
    given: dict[str, Any] = {"photos": shapes, "seeds": 1, **OWN}

    study = sweep("clothing-dense128-adam", {"epochs": [1, 2]}, **given)

    assert capsys.readouterr() == ("", "")
    assert study.trials["number"].tolist() == [1, 2]
    assert study.trials["state"].tolist() == ["done", "done"]
    assert study.trials["epochs"].tolist() == ["1", "2"]
    best = study.trials.set_index("epochs")["validation_accuracy"]
    assert best[study.chosen["epochs"]] == best.max()
    assert study.final is not None
    assert study.best is not None
    assert study.final["test_accuracy"].tolist() == [study.best.metrics["test_accuracy"]]
    assert study.report == Path("experiments/shapes-clothing-dense128-adam-epochs/report.html")
    assert study.report.is_file()
    assert study.best.publish() == Path("models/shapes/1")


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, "without a grid or a search, the name is that of a study: there is no study"),
        ({"grid": {"epochs": [1]}, "search": {"batch_size": [1]}}, "a grid or a search"),
        ({"grid": {"epoch": [1]}}, "has no setting 'epoch'"),
        ({"grid": {"epochs": 5}}, r"epochs needs a list of values, such as \[5, 10\], not 5"),
        ({"grid": {"epochs": "5,10"}}, "epochs needs a list of values"),
        ({"grid": {"epochs": []}}, "epochs needs a list of values"),
        ({"grid": {"epochs": [1, 1]}}, "a value is named twice"),
        ({"grid": {"epochs": [1]}, "seeds": -1}, "seeds are at least 0"),
        ({"search": {"learning_rate": "1..x"}}, "--search takes name=low..high"),
        ({"search": {"learning_rate": Range(1, 2)}}, "needs a list of values"),
    ],
)
def test_what_does_not_go_together_is_refused(given: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        sweep("clothing-dense128-adam", **given)
    assert not Path("experiments").exists()


def test_a_ready_made_study_is_named_in_place_of_a_recipe() -> None:
    found, left_out = checked_sweep("clothing-intro", Photos(), {"batch_size": 64}, None, {}, {})

    study = STUDIES["clothing-intro"]
    assert (found.name, found.goal, found.design) == (study.name, study.goal, study.design)
    assert found.recipe.name == study.recipe
    assert found.recipe.batch_size == 64
    assert not left_out
