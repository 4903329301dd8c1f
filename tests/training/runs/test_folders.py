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


def test_a_run_is_found_again_by_what_it_is_made_of(tmp_path: Path, identity: RunIdentity) -> None:
    with claimed_run(tmp_path, identity) as run:
        run.note(status="fitting")
    with claimed_run(tmp_path, identity) as again:
        assert again.folder == run.folder == tmp_path / "clothing-cnn" / identity.key
        assert again.facts()["status"] == "fitting"
        assert again.facts()["parameters"]["seed"] == 1


def test_everything_a_run_is_made_of_is_in_its_key(identity: RunIdentity) -> None:
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


def test_fresh_runs_get_folders_of_their_own_and_the_last_is_continued(
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
    begun = [(old, "stopped"), (older, "published"), (identity, "fitting"), (another, "stopped")]
    for each, status in begun:
        with claimed_run(tmp_path, each) as run:
            run.note(status=status)

    found = unfinished_with_other_code(tmp_path, identity)

    assert [folder.name for folder in found] == [old.key]


def test_a_second_process_is_told_who_works_on_the_run(
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


def test_a_killed_process_frees_its_run(tmp_path: Path, identity: RunIdentity) -> None:
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
        held = pytest.raises(TrainingError, match=f"process {holder.pid} on .* works on this run")
        with held, existing_run(run.folder):
            pass
        holder.kill()

    with existing_run(run.folder):
        pass


def test_what_is_told_of_a_run_is_for_people_too(tmp_path: Path, identity: RunIdentity) -> None:
    with claimed_run(tmp_path, identity) as run:
        run.note(status="published", version="models/clothing/3")
        text = (run.folder / "run.json").read_text("utf-8")

    facts = json.loads(text)
    assert facts["recipe"] == "clothing-cnn"
    assert facts["version"] == "models/clothing/3"
    assert facts["updated"]
    assert text.count("\n") > len(facts)


def test_a_folder_that_is_no_run_is_not_existing_run(tmp_path: Path) -> None:
    told = pytest.raises(TrainingError, match=r"is not the folder of a run: it has no run\.json")
    with told, existing_run(tmp_path):
        pass


def test_a_damaged_run_is_named(tmp_path: Path, identity: RunIdentity) -> None:
    with claimed_run(tmp_path, identity) as run:
        (run.folder / "run.json").write_text("{")

    told = pytest.raises(TrainingError, match=r"run\.json can't be read .*: remove")
    with told, claimed_run(tmp_path, identity):
        pass


def test_runs_that_cannot_be_kept_are_told(tmp_path: Path, identity: RunIdentity) -> None:
    (tmp_path / "file").touch()

    told = pytest.raises(TrainingError, match=r"cannot write into the folder of runs .*--runs")
    with told, claimed_run(tmp_path / "file", identity):
        pass
