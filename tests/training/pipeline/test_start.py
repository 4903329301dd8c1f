"""Whether a run continues another one, starts from its weights, or is refused."""

import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from training.data.datasets import DataSet, Split, file_digest
from training.errors import TrainingError, UsageError
from training.pipeline import start as starting
from training.pipeline.source_weights import weights_digest
from training.pipeline.sources import Source
from training.pipeline.start import Start, start_from
from training.publishing.training_photos import (
    read_training_photos,
    training_digests,
    write_training_photos,
)
from training.recipe import Recipe
from training.recipes import RECIPES
from training.runs.folders import Run
from training.runs.identity import run_identity

RECIPE = replace(RECIPES["clothing-dense128-adam"], epochs=3)
COSINE = replace(RECIPE, schedule="cosine")
STOPPING = replace(RECIPE, epochs=9, early_stopping=2)


@pytest.fixture
def data() -> DataSet:
    training, validation, test = (
        Split(np.full((count, 28, 28, 1), count, np.uint8), np.arange(count) % 2)
        for count in (6, 2, 4)
    )
    return DataSet("fashion-mnist", ("shoe", "shirt"), "0123", training, validation, test)


@pytest.fixture(autouse=True)
def no_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have a start from weights read none."""
    monkeypatch.setattr(starting, "weights_for", lambda *_: {})


def ended(recipe: Recipe, data: DataSet, folder: Path, fitted: int = 3, best: int = 0) -> Source:
    """Return a run of a recipe that has ended, with a checkpoint and a history."""
    facts: dict[str, Any] = {**asdict(run_identity(recipe, data, deterministic=False))}
    epochs = {"fitted": fitted, **({"best": best} if best else {})}
    facts["trained"] = {"epochs": epochs, "hardware": {"device": "CPU"}}
    (folder / "checkpoints").mkdir(parents=True)
    (folder / "checkpoints" / f"{fitted:06d}-00000000.npz").write_text("state")
    (folder / "history.json").write_text("[]")
    write_training_photos(training_digests(data), folder / "training_photos.npy")
    return Source("ref", "dense/run", folder, json.loads(json.dumps(facts)), is_version=False)


def begun(folder: Path) -> Run:
    """Make a run that has just begun."""
    folder.mkdir()
    run = Run(folder)
    run.note(recipe="dense", model="clothing", parameters={}, status="new")
    return run


def start(source: Source, recipe: Recipe, data: DataSet) -> Start:
    identity = run_identity(recipe, data, deterministic=False)
    return start_from(source, recipe, data, identity, Path("runs"))


def test_with_more_epochs_a_run_is_continued(data: DataSet, tmp_path: Path) -> None:
    source = ended(RECIPE, data, tmp_path / "before")

    found = start(source, replace(RECIPE, epochs=5, model="shoes"), data)

    assert found.weights is None
    assert found.line == "continues dense/run with epoch 4 of 5"
    assert found.digest == file_digest(tmp_path / "before/checkpoints/000003-00000000.npz")
    assert found.record() == {"run": "dense/run", "epochs": 3, "continued": True}
    assert found.trained() == {"hardware": {"device": "CPU"}}
    (tmp_path / "after").mkdir()
    assert found.begin(Run(tmp_path / "after"), RECIPE, data) == [found.line]
    copied = {path.name: path.read_text() for path in (tmp_path / "after").rglob("*.*[nz]")}
    assert (copied["000003-00000000.npz"], copied["history.json"]) == ("state", "[]")
    noted = json.loads((tmp_path / "after" / "run.json").read_text())
    assert (noted["from"], noted["start"]) == ("ref", found.record())


def test_a_schedule_and_other_packages_are_remarked_upon(data: DataSet, tmp_path: Path) -> None:
    source = ended(COSINE, data, tmp_path)
    source.facts["packages"]["keras"] = "3.0.0"

    line = start(source, replace(COSINE, epochs=5), data).line

    assert "; its learning rate, which fell to 0 by epoch 3, is that of a schedule of 5 " in line
    assert "(since then: keras 3.0.0, now" in line


@pytest.mark.parametrize(
    ("recipe", "why"),
    [
        (replace(RECIPE, epochs=5, learning_rate=0.1), ": learning_rate 0.001, now 0.1"),
        (replace(RECIPE, seed=2), ": seed 1, now 2"),
        (replace(RECIPE, preparation="garment/2"), ": preparation garment/1, now garment/2"),
        (replace(RECIPE, epochs=2), ""),
    ],
)
def test_with_other_settings_or_fewer_epochs_a_run_starts_from_its_weights(
    data: DataSet, tmp_path: Path, recipe: Recipe, why: str
) -> None:
    source = ended(RECIPE, data, tmp_path / "before")

    found = start(source, recipe, data)

    assert found.weights == {}
    begins = "starts from the weights of dense/run, of epoch 3 there, with a new optimizer"
    assert found.line == begins + why
    assert found.record() == {"run": "dense/run", "epochs": 3, "continued": False}
    assert found.trained() == {}


def test_on_other_photos_a_run_starts_from_its_weights(data: DataSet, tmp_path: Path) -> None:
    source = ended(RECIPE, data, tmp_path / "before")
    other = replace(data, digest="4567")

    assert start(source, RECIPE, other).line.endswith(": the photos have changed")
    with pytest.raises(TrainingError, match=r"can't be continued: the photos have changed\. To st"):
        start(source, replace(RECIPE, epochs=5), other)


def test_photos_that_the_other_run_was_trained_on_are_counted(
    data: DataSet, tmp_path: Path
) -> None:
    source = ended(RECIPE, data, tmp_path / "before")
    swapped = replace(data, digest="4567", training=data.test, test=data.training)
    run = begun(tmp_path / "after")

    _, warning = start(source, RECIPE, swapped).begin(run, RECIPE, swapped)

    assert warning.startswith("dense/run was, or may have been, trained on 6 of the 6 test photos:")
    assert run.facts()["start"]["trained_on"] == {"test": 6}
    known = read_training_photos(run.folder)
    assert known is not None
    assert len(known) == 2  # Of the photos of both, which are all alike.


def test_without_digests_and_card_the_other_run_may_have_been_trained_on_all_photos(
    data: DataSet, tmp_path: Path
) -> None:
    source = ended(RECIPE, data, tmp_path / "before")
    (tmp_path / "before/training_photos.npy").unlink()
    run = begun(tmp_path / "after")

    start(source, replace(RECIPE, epochs=5), data).begin(run, RECIPE, data)

    assert run.facts()["start"]["trained_on"] == {"validation": 2, "test": 4}


def test_the_digest_of_weights_is_of_what_they_are() -> None:
    weights = {"a/kernel": np.arange(6.0).reshape(2, 3), "a/bias": np.zeros(3)}
    digest = weights_digest(weights)

    assert digest == weights_digest({name: weights[name] for name in sorted(weights)})
    for other in ({"b/kernel": weights["a/kernel"]}, {"a/kernel": weights["a/kernel"].T}):
        assert weights_digest({"a/bias": weights["a/bias"], **other}) != digest
    reordered = {**weights, "a/kernel": weights["a/kernel"][:, [1, 0, 2]]}
    assert weights_digest(reordered) != digest, "as for labels in another order"


def test_nothing_new_is_refused(data: DataSet, tmp_path: Path) -> None:
    source = ended(RECIPE, data, tmp_path / "before")

    with pytest.raises(UsageError, match="nothing is different from dense/run: --set epochs=N con"):
        start(source, replace(RECIPE, recognition="none"), data)


def test_a_run_without_a_checkpoint_is_not_continued(data: DataSet, tmp_path: Path) -> None:
    source = ended(RECIPE, data, tmp_path / "before")
    (tmp_path / "before/checkpoints/000003-00000000.npz").unlink()

    with pytest.raises(TrainingError, match="it has no checkpoint, which earlier releases removed"):
        start(source, replace(RECIPE, epochs=5), data)
    assert start(source, replace(RECIPE, epochs=5, seed=2), data).weights == {}


def test_a_run_that_ended_early_is_continued_with_more_patience(
    data: DataSet, tmp_path: Path
) -> None:
    source = ended(STOPPING, data, tmp_path / "before", fitted=5, best=3)

    with pytest.raises(UsageError, match=r"ended early, 2 epochs after its best one: .*N above 2"):
        start(source, replace(STOPPING, epochs=20), data)
    line = start(source, replace(STOPPING, early_stopping=3), data).line
    assert line == "continues dense/run with epoch 6 of 9"
    without = start(source, replace(STOPPING, epochs=20, early_stopping=0), data)
    assert without.record() == {"run": "dense/run", "epochs": 3, "continued": False}
