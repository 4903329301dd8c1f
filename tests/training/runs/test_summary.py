import json
import os
from pathlib import Path
from typing import Any

import pytest

from tests.training.runs.listed import listed_run
from training.runs.folders import existing_run
from training.runs.summary import summaries, summary


@pytest.mark.parametrize(
    ("noted", "facts", "status", "progress"),
    [
        ("new", {}, "interrupted", "interrupted after 0 of 24 epochs"),
        ("fitting", {"fitted": 3}, "interrupted", "interrupted after 3 of 24 epochs"),
        ("stopped", {"fitted": 3}, "stopped", "stopped after 3 of 24 epochs"),
        ("failed", {"fitted": 24, "reason": "no space"}, "failed", "failed"),
        ("trained", {"fitted": 24}, "trained", "trained"),
        ("trained", {"fitted": 24, "validation": 0.9}, "evaluated", "evaluated"),
        ("evaluated", {"fitted": 24}, "evaluated", "evaluated"),
        ("refused", {"reason": "at chance"}, "refused", "refused"),
        ("published", {"version": "models/clothing/2"}, "published", "published"),
    ],
)
def test_the_status_tells_how_a_run_ended(
    tmp_path: Path, noted: str, facts: dict[str, Any], status: str, progress: str
) -> None:
    found = summary(listed_run(tmp_path, noted, **facts))

    assert (found.status, found.progress, found.process) == (status, progress, None)
    assert found.reason == facts.get("reason", "")


@pytest.mark.parametrize(
    ("noted", "progress"),
    [
        ("new", "running, epoch 4 of 24"),
        ("fitting", "running, epoch 4 of 24"),
        ("trained", "running, evaluating"),
    ],
)
def test_a_run_that_is_worked_on_names_the_process_and_the_epoch(
    tmp_path: Path, noted: str, progress: str
) -> None:
    folder = listed_run(tmp_path, noted, fitted=3)
    with existing_run(folder):
        found = summary(folder)
        again = summary(folder)  # Looking does not end the lock.

    assert found == again
    assert (found.status, found.progress) == ("running", progress)
    assert found.process is not None
    assert found.process.startswith(f"process {os.getpid()} on ")
    assert summary(folder).status != "running"


def test_validation_accuracy_is_that_of_the_card_or_of_the_last_epoch(tmp_path: Path) -> None:
    card = listed_run(tmp_path, "evaluated", "a_0", fitted=2, validation=0.9)
    history = listed_run(tmp_path, "stopped", "a_1", fitted=2)
    neither = listed_run(tmp_path, "failed", "a_2")

    found = [summary(folder).validation_accuracy for folder in (card, history, neither)]
    assert found == [0.9, 0.51, None]


def test_validation_accuracy_of_a_trained_run_is_that_of_its_best_epoch(tmp_path: Path) -> None:
    trained = {"epochs": {"fitted": 5, "best": 2}}
    folder = listed_run(tmp_path, "trained", fitted=5, trained=trained)

    assert summary(folder).validation_accuracy == 0.51


@pytest.mark.parametrize("absolute", [True, False])
def test_a_published_version_serves_is_kept_or_was_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, absolute: bool
) -> None:
    models = tmp_path / "models"
    for number in (1, 2):
        (models / "flowers" / str(number)).mkdir(parents=True)
    named = models if absolute else Path("models")
    folders = [
        listed_run(tmp_path / "runs", "published", f"a_{n}", version=str(named / "flowers" / n))
        for n in ("1", "2", "3")
    ]
    monkeypatch.chdir("/")  # A relative path is looked for beside the folder of runs, too.

    def states() -> list[tuple[str | None, str | None]]:
        return [(each.version, each.version_state) for each in map(summary, folders)]

    assert states() == [("flowers/1", "kept"), ("flowers/2", "serves"), ("flowers/3", "removed")]

    pin = "model_version_policy { specific { versions: 1 } }"
    (models / "flowers" / ".serving.config").write_text(pin)
    assert [state for _, state in states()] == ["serves", "kept", "removed"]

    (models / "flowers" / ".serving.config").write_text("damaged")
    assert [state for _, state in states()] == ["kept", "kept", "removed"]


def test_settings_tell_what_is_special_about_a_run(tmp_path: Path) -> None:
    changed = {"network.stages": [4, 8], "augmentation.flip": False, "seed": 3}
    options: dict[str, Any] = {"deterministic": True, "backend": "jax", "from": "flowers/2"}
    found = summary(listed_run(tmp_path, "stopped", changed=changed, **options))

    assert found.settings == (
        "network.stages=4,8, augmentation.flip=false, seed=3, from flowers/2, deterministic,"
        " backend jax"
    )


def test_changed_settings_of_an_earlier_release_are_compared_with_the_recipe(
    tmp_path: Path,
) -> None:
    folder = listed_run(tmp_path, "stopped", "3f0c5ad1e2b49877", parameters={"epochs": 5})
    facts = json.loads((folder / "run.json").read_text())
    for name in ("changed", "began", "data_folder", "backend"):
        del facts[name]
    facts["parameters"]["split"] = facts["parameters"].pop("split_seed")
    del facts["parameters"]["jit"]
    (folder / "run.json").write_text(json.dumps(facts))

    found = summary(folder)
    assert (found.settings, found.began) == ("epochs=5", "2026-11-27T10:05:00+00:00")

    (folder / "run.json").write_text(json.dumps({**facts, "recipe": "gone"}))
    assert summary(folder).settings == ""


def test_the_newest_run_is_first_and_damaged_ones_are_named(tmp_path: Path) -> None:
    for day in (1, 3, 2):
        listed_run(tmp_path, "stopped", f"a_{day}", began=f"2026-11-0{day}T10:00:00+00:00")
    for name, content in {"b": "{", "c": "7", "d": '{"id": 1}', "e": "[]"}.items():
        (tmp_path / "clothing-cnn" / name).mkdir()
        (tmp_path / "clothing-cnn" / name / "run.json").write_text(content)
    listed_run(tmp_path, "walking", "f")
    listed_run(tmp_path, "stopped", "g", parameters={"epochs": "many"})
    (tmp_path / "clothing-cnn" / "notes").mkdir()
    (tmp_path / "published" / "clothing" / "1").mkdir(parents=True)  # By `results`.

    found, faults = summaries(tmp_path)

    assert [each.folder.name for each in found] == ["a_3", "a_2", "a_1"]
    assert len(faults) == 7
    for name, fault in zip("bcdefg", faults, strict=False):
        assert fault.startswith(f"{tmp_path / 'clothing-cnn' / name / 'run.json'} ")
    assert faults[-1].endswith("/notes is not the folder of a run: it has no run.json")


def test_a_damaged_history_does_not_hide_a_run(tmp_path: Path) -> None:
    folder = listed_run(tmp_path, "stopped", fitted=2)
    (folder / "history.json").write_text("[")

    assert summary(folder).progress == "stopped after 0 of 24 epochs"
