"""`train` in Python: what it returns, and that it leaves the process as it was."""

import json
import random
import signal
from dataclasses import replace
from pathlib import Path

import keras
import matplotlib as mpl
import numpy as np
import pytest
from tensorflow.python.framework.config import is_op_determinism_enabled

from tests.training.python_api.conftest import LABELS, train_on
from training import load, train
from training.errors import Refused, UsageError
from training.networks.dense import DenseNetwork
from training.python_api.trained_run import TrainedRun
from training.recipes import RECIPES
from training.settings import Tensor, settings

pytestmark = pytest.mark.integration


def test_a_run_has_history_metrics_predictions_and_paths(
    shapes: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = train_on(shapes, fresh=True)

    assert capsys.readouterr() == ("", "")
    assert not Path("models").exists()
    assert run.history.index.tolist() == [1, 2, 3, 4]
    assert {"loss", "accuracy", "validation_loss", "validation_accuracy"} <= {*run.history}
    card = json.loads((run.folder / "model_card.json").read_text("utf-8"))
    assert run.metrics["test_accuracy"] == card["metrics"]["test"]["accuracy"]
    assert run.metrics["validation_loss"] == card["metrics"]["validation"]["loss"]
    counts = [run.metrics[f"{part}_photos"] for part in ("training", "validation", "test")]
    assert sum(counts) == 60
    predictions = run.predictions
    assert predictions["split"].value_counts()["test"] == run.metrics["test_photos"]
    of_test = predictions[predictions["split"] == "test"]
    assert of_test["correct"].mean() == run.metrics["test_accuracy"]
    columns = predictions[[f"probability of {label}" for label in LABELS]]
    assert np.allclose(columns.sum(axis=1), 1)
    assert all(path.exists() for path in vars(run.paths).values())
    assert "clothing-dense128-adam: validation" in repr(run)


def test_the_same_call_returns_the_run_that_has_ended(trained: TrainedRun, shapes: Path) -> None:
    written = trained.paths.network.stat().st_mtime_ns

    again = train_on(shapes)

    assert again.folder == trained.folder
    assert again.paths.network.stat().st_mtime_ns == written


def test_a_run_is_published_when_asked(trained: TrainedRun) -> None:
    version = trained.publish("shop")

    assert version == Path("shop/shapes/1")
    assert (version / "saved_model.pb").is_file()
    assert trained.publish("shop") == version


def test_the_gate_refuses_with_an_exception(
    trained: TrainedRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("training.publishing.gate_policy.LEAST_ADVANTAGE", 2.0)

    with pytest.raises(Refused):
        trained.publish()
    assert trained.publish(force=True) == Path("models/shapes/1")


def test_the_process_is_left_as_it_was(shapes: Path) -> None:
    random.seed(5)
    np.random.seed(5)
    handlers = [signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)]
    before = random.getstate(), np.random.get_state()[1].tolist(), mpl.get_backend()  # type: ignore[index]

    train_on(shapes, deterministic=True)

    after = random.getstate(), np.random.get_state()[1].tolist(), mpl.get_backend()  # type: ignore[index]
    assert after == before
    assert [signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)] == handlers
    assert keras.config.dtype_policy().name == "float32"
    assert not is_op_determinism_enabled()


def test_an_interrupted_call_is_resumed_by_the_same_call(
    shapes: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupt(*_: object) -> None:
        signal.raise_signal(signal.SIGINT)

    with monkeypatch.context() as during:
        during.setattr("training.fitting.progress.FitProgress.on_epoch_end", interrupt)
        with pytest.raises(KeyboardInterrupt):
            train_on(shapes)
    (folder,) = Path("runs/clothing-dense128-adam").iterdir()
    assert json.loads((folder / "run.json").read_text("utf-8"))["status"] == "stopped"

    run = train_on(shapes, progress=True)

    shown = capsys.readouterr().out
    assert all(part in shown for part in ("resumes from", "epoch 4/4  loss", "report: "))
    assert run.folder.samefile(folder)
    assert run.history.index.tolist() == [1, 2, 3, 4]


@settings
class OwnNetwork(DenseNetwork):
    """A network that is defined here, as one may be in a notebook."""

    def features(self, image: Tensor, folded: bool) -> Tensor:
        return super().features(image, folded)


def test_a_recipe_of_ones_own_is_trained_and_published(shapes: Path) -> None:
    recipe = replace(RECIPES["clothing-dense128-adam"], name="own", network=OwnNetwork(units=8))

    run = train(recipe, photos=shapes, shape=(12, 10, 3), model="colours", settings={"epochs": 1})

    assert run.folder.parent.name == "own"
    assert run.publish() == Path("models/colours/1")
    assert load(run).labels == load("colours").labels == tuple(LABELS)


def test_a_run_starts_from_another(trained: TrainedRun, shapes: Path) -> None:
    longer = train_on(shapes, settings={"epochs": 5}, start_from=trained)

    assert longer.card["started_from"]["continued"]
    assert longer.metrics["epochs"] == 5


def test_a_folder_that_is_not_of_a_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="has no setting 'epoch'"):
        train("clothing-fast", settings={"epoch": 3})
    with pytest.raises(Exception, match="is not the folder of a run"):
        TrainedRun(tmp_path)
