import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from training.data.datasets import DataSet
from training.errors import TrainingError
from training.recipes import RECIPES
from training.runs.folders import claimed_run, existing_run, not_continued, read_run
from training.runs.identity import RunIdentity, run_identity
from training.runs.names import key_of
from training.runs.references import find_run

ROOT = Path(__file__).parents[3]
RECIPE = RECIPES["clothing-cnn"]


@pytest.fixture
def identity(photos: DataSet) -> RunIdentity:
    return run_identity(RECIPE, photos, deterministic=False)


def noted(runs: Path, identity: RunIdentity, status: str) -> None:
    with claimed_run(runs, identity) as run:
        run.note(status=status)


def test_a_run_is_found_again_by_its_identity(tmp_path: Path, identity: RunIdentity) -> None:
    with claimed_run(tmp_path, identity) as run:
        run.note(status="fitting")
    with claimed_run(tmp_path, identity) as again:
        assert again.folder == run.folder
        assert again.folder.parent == tmp_path / "clothing-cnn"
        today = date.today()
        assert again.folder.name == f"{today}_{identity.key}"
        assert re.fullmatch(r"[0-9a-f]{12}", identity.key)
        assert again.facts()["status"] == "fitting"
        assert again.facts()["parameters"]["seed"] == 1


def test_a_run_is_found_again_on_another_day_and_whatever_its_name(
    tmp_path: Path, identity: RunIdentity
) -> None:
    with claimed_run(tmp_path, identity, label="shoes_epochs=5") as run:
        assert run.folder.name.endswith(f"_shoes_epochs=5_{identity.key}")
    earlier = run.folder.with_name(f"2020-01-31_{identity.key}")
    run.folder.rename(earlier)

    with claimed_run(tmp_path, identity, label="shoes") as again:
        assert again.folder == earlier


def test_fresh_runs_get_their_own_folders_and_the_last_one_is_continued(
    tmp_path: Path, identity: RunIdentity
) -> None:
    names = []
    for fresh in (True, True, True, False):
        with claimed_run(tmp_path, identity, fresh=fresh) as run:
            names.append(key_of(run.folder))
            assert run.facts()["id"]

    key = identity.key
    assert names == [key, f"{key}-2", f"{key}-3", f"{key}-3"]
    folders = list((tmp_path / "clothing-cnn").iterdir())
    assert len({read_run(folder)["id"] for folder in folders}) == 3

    shutil.rmtree(next(folder for folder in folders if folder.name.endswith("-2")))
    with claimed_run(tmp_path, identity, fresh=True) as run:
        assert key_of(run.folder) == f"{key}-4"


def test_unfinished_runs_are_listed_with_what_differs(
    tmp_path: Path, identity: RunIdentity
) -> None:
    parameters = {**identity.parameters, "epochs": 5}
    packages = {**identity.packages, "keras": "3.10.0"}
    changed = replace(identity, parameters=parameters, packages=packages)
    old = replace(identity, code="old")
    for each in (changed, old):
        noted(tmp_path, each, "stopped")
    for status in ("published", "evaluated", "refused"):
        noted(tmp_path, replace(identity, code=status), status)
    for seed in ("seed", "split_seed"):
        noted(tmp_path, replace(old, parameters={**identity.parameters, seed: 2}), "stopped")
    noted(tmp_path, replace(old, model="another"), "stopped")
    noted(tmp_path, identity, "fitting")

    keras = identity.packages["keras"]
    assert not_continued(tmp_path, identity, RECIPE) == [
        f"not continued: {find_run(tmp_path, old.key)} (the code has changed)",
        f"not continued: {find_run(tmp_path, changed.key)}"
        f" (epochs 5, now 24; keras 3.10.0, now {keras})",
    ]


def test_only_the_closest_unfinished_runs_are_listed(tmp_path: Path, identity: RunIdentity) -> None:
    for number in range(5):
        far = replace(identity, code=str(number), data="4567", weights="89")
        noted(tmp_path, far if number else replace(far, data=identity.data), "failed")

    lines = not_continued(tmp_path, identity, RECIPE)

    assert len(lines) == 3
    assert "photos have changed" not in lines[0]


def test_what_differs_from_a_run_of_an_earlier_release_is_listed(
    tmp_path: Path, identity: RunIdentity
) -> None:
    """It recorded fewer facts, other names of settings, and not all of today's settings."""
    settings = {k: v for k, v in identity.parameters.items() if k not in ("split_seed", "jit")}
    then = {"recipe": "clothing-cnn", "model": "clothing", "data": "0123", "code": "old"}
    run = {**then, "parameters": {**settings, "split": 1}, "deterministic": False, "weights": ""}
    run["trained"] = {"backend": "jax", "packages": {"keras": "3.10.0"}}
    folder = tmp_path / "clothing-cnn" / "0123456789abcdef"
    folder.mkdir(parents=True)
    (folder / "run.json").write_text(json.dumps({**run, "id": "1", "status": "stopped"}))

    keras = identity.packages["keras"]
    assert not_continued(tmp_path, identity, RECIPE) == [
        f"not continued: {folder} (the code has changed; backend jax, now {identity.backend};"
        f" keras 3.10.0, now {keras})"
    ]


def test_the_error_of_a_second_process_names_the_one_that_works_on_the_run(
    tmp_path: Path, identity: RunIdentity
) -> None:
    code = (
        "import sys; from pathlib import Path; from training.runs.folders import existing_run\n"
        "with existing_run(Path(sys.argv[1])): pass"
    )
    with claimed_run(tmp_path, identity) as run:
        command = [sys.executable, "-c", code, str(run.folder)]
        second = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    third = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    assert f"process {os.getpid()} on " in second.stderr
    assert f"works on this run ({run.folder}): wait for it\n" in second.stderr
    assert third.returncode == 0


def test_a_killed_process_releases_its_run(tmp_path: Path, identity: RunIdentity) -> None:
    with claimed_run(tmp_path, identity) as run:
        pass
    code = (
        "import sys; from pathlib import Path; from training.runs.folders import existing_run\n"
        "with existing_run(Path(sys.argv[1])): print('locked', flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", code, str(run.folder)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "locked\n"
        refused = pytest.raises(
            TrainingError, match=f"process {holder.pid} on .* works on this run"
        )
        with refused, existing_run(run.folder):
            pass
        holder.kill()

    with existing_run(run.folder):
        pass


def test_the_facts_of_a_run_are_readable_json(tmp_path: Path, identity: RunIdentity) -> None:
    with claimed_run(tmp_path, identity) as run:
        run.note(status="published", version="models/clothing/3")
        text = (run.folder / "run.json").read_text("utf-8")

    facts = json.loads(text)
    assert facts["recipe"] == "clothing-cnn"
    assert facts["version"] == "models/clothing/3"
    assert facts["updated"]
    assert text.count("\n") > len(facts)


def test_a_folder_that_is_not_a_run_is_refused(tmp_path: Path) -> None:
    refused = pytest.raises(TrainingError, match=r"is not the folder of a run: it has no run\.json")
    with refused, existing_run(tmp_path):
        pass


def test_of_a_run_that_cannot_be_read_nothing_is_said_of_removing(tmp_path: Path) -> None:
    (tmp_path / "run.json").mkdir()
    with pytest.raises(TrainingError, match=r"run\.json can't be read \(Is a directory\)$"):
        read_run(tmp_path)


@pytest.mark.parametrize("content", ["{", "7", "[" * 100_000], ids=["cut", "number", "deep"])
def test_a_damaged_run_is_reported(tmp_path: Path, identity: RunIdentity, content: str) -> None:
    with claimed_run(tmp_path, identity) as run:
        (run.folder / "run.json").write_text(content)

    refused = pytest.raises(TrainingError, match=r"run\.json can't be read .*: remove")
    with refused, claimed_run(tmp_path, identity):
        pass


def test_an_unwritable_folder_of_runs_is_reported(tmp_path: Path, identity: RunIdentity) -> None:
    (tmp_path / "file").touch()

    refused = pytest.raises(TrainingError, match=r"cannot write into the folder of runs .*--runs")
    with refused, claimed_run(tmp_path / "file", identity):
        pass
