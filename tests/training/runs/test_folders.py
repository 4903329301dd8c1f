import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from training.errors import TrainingError
from training.recipes import RECIPES
from training.runs.folders import (
    RunIdentity,
    claimed_run,
    existing_run,
    read_run,
    run_identity,
    unfinished_with_other_code,
)

ROOT = Path(__file__).parents[3]
RECIPE = RECIPES["clothing-cnn"]


@pytest.fixture
def identity() -> RunIdentity:
    return run_identity(RECIPE, "0123", deterministic=False)


def test_a_run_is_found_again_by_its_identity(tmp_path: Path, identity: RunIdentity) -> None:
    with claimed_run(tmp_path, identity) as run:
        run.note(status="fitting")
    with claimed_run(tmp_path, identity) as again:
        assert again.folder == run.folder == tmp_path / "clothing-cnn" / identity.key
        assert again.facts()["status"] == "fitting"
        assert again.facts()["parameters"]["seed"] == 1


def test_everything_a_run_depends_on_is_in_its_key(identity: RunIdentity) -> None:
    others = [
        run_identity(replace(RECIPE, seed=2), "0123", deterministic=False),
        run_identity(replace(RECIPE, epochs=2), "0123", deterministic=False),
        run_identity(replace(RECIPE, model="garments"), "0123", deterministic=False),
        run_identity(RECIPES["clothing-dense128-adam"], "0123", deterministic=False),
        run_identity(RECIPE, "4567", deterministic=False),
        run_identity(RECIPE, "0123", deterministic=True),
        replace(identity, code="other"),
    ]
    assert len({identity.key, *(other.key for other in others)}) == 1 + len(others)


def test_fresh_runs_get_their_own_folders_and_the_last_one_is_continued(
    tmp_path: Path, identity: RunIdentity
) -> None:
    folders = []
    for fresh in (True, True, True, False):
        with claimed_run(tmp_path, identity, fresh=fresh) as run:
            folders.append(run.folder.name)
            assert run.facts()["id"]

    key = identity.key
    assert folders == [key, f"{key}-2", f"{key}-3", f"{key}-3"]
    ids = {read_run(tmp_path / "clothing-cnn" / folder)["id"] for folder in folders}
    assert len(ids) == 3


def test_unfinished_runs_of_other_code_are_found(tmp_path: Path, identity: RunIdentity) -> None:
    old = replace(identity, code="old")
    older = replace(identity, code="older")
    another = replace(
        run_identity(replace(RECIPE, seed=2), "0123", deterministic=False), code="old"
    )
    started = [(old, "stopped"), (older, "published"), (identity, "fitting"), (another, "stopped")]
    for each, status in started:
        with claimed_run(tmp_path, each) as run:
            run.note(status=status)

    found = unfinished_with_other_code(tmp_path, identity)

    assert [folder.name for folder in found] == [old.key]


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
    assert f"works on this run ({run.folder}): wait for it, or begin another" in second.stderr
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


def test_a_damaged_run_is_reported(tmp_path: Path, identity: RunIdentity) -> None:
    with claimed_run(tmp_path, identity) as run:
        (run.folder / "run.json").write_text("{")

    refused = pytest.raises(TrainingError, match=r"run\.json can't be read .*: remove")
    with refused, claimed_run(tmp_path, identity):
        pass


def test_an_unwritable_folder_of_runs_is_reported(tmp_path: Path, identity: RunIdentity) -> None:
    (tmp_path / "file").touch()

    refused = pytest.raises(TrainingError, match=r"cannot write into the folder of runs .*--runs")
    with refused, claimed_run(tmp_path / "file", identity):
        pass
