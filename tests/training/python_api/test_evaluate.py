"""`evaluate`: figures, confusion matrix and classes as data frames."""

import warnings
from pathlib import Path

import pytest

from tests.training.python_api.conftest import LABELS, draw
from training import evaluate
from training.errors import TrainingError
from training.python_api.trained_run import TrainedRun

pytestmark = pytest.mark.integration


def test_a_run_and_its_version_are_scored_on_the_test_photos(
    trained: TrainedRun, capsys: pytest.CaptureFixture[str]
) -> None:
    trained.publish()

    with warnings.catch_warnings(action="error"):
        of_run, of_version = evaluate(trained), evaluate("shapes")

    assert capsys.readouterr() == ("", "")
    for found in (of_run, of_version):
        assert found.metrics["accuracy"] == trained.metrics["test_accuracy"]
        assert found.metrics["photos"] == trained.metrics["test_photos"]
        assert found.metrics["trained_on"] == 0
        assert found.confusion.to_numpy().sum() == found.metrics["photos"]
        assert [*found.confusion.columns] == [*found.confusion.index] == LABELS
        hits = found.confusion.to_numpy().diagonal()
        assert (found.classes["recall"] == hits / found.classes["photos"]).all()
        assert len(found.predictions) == found.metrics["photos"]
    assert of_version.model == "shapes/1"


def test_it_warns_of_photos_that_the_model_was_trained_on(
    trained: TrainedRun, shapes: Path
) -> None:
    with pytest.warns(UserWarning, match=r"was trained on \d+ of these 60 photos"):
        found = evaluate(trained, shapes)

    assert found.metrics["trained_on"] == trained.metrics["training_photos"]
    assert f"{found.metrics['accuracy']:.2%}" in repr(found)


def test_other_photos_are_scored(trained: TrainedRun, tmp_path: Path) -> None:
    others = draw(tmp_path / "others", photos=5, seed=1)
    (others / "red" / "broken.png").write_bytes(b"nothing")

    found = evaluate(trained, others)

    assert found.metrics["photos"] == 15
    assert found.left_out[0].startswith("red/broken.png: ")


def test_photos_that_are_not_there_are_an_error(trained: TrainedRun) -> None:
    with pytest.raises(TrainingError, match="nowhere does not exist"):
        evaluate(trained, "nowhere")
