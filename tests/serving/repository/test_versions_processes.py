"""Numbered versions with real processes: several at a time, and killed at any of their steps."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from serving.repository.versions import published_versions, staged

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parents[3]
TIMEOUT = 300  # seconds; the machine may be busy with other things

CHILD = """
import os, signal, sys
from pathlib import Path

import pytest
from serving.repository.pruning import prune
from serving.repository.versions import publish_copy, staged

base = Path(sys.argv[1])

def publish(content="weights"):
    with staged(base) as staging:
        (staging.folder / "saved_model.pb").write_text(content)
        (staging.folder / "variables").mkdir()
        (staging.folder / "variables" / "data").write_text(content)
        return staging.publish()

def die_at_step(number):
    steps = iter(range(number))

    def hook(event, arguments):
        if event in {"open", "os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.listdir"}:
            if next(steps, None) is None:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hook)
"""

STEPPER = """
for line in sys.stdin:
    process_id = os.fork()
    if not process_id:
        die_at_step(int(line))
        ACTION
        os._exit(0)
    print(os.waitstatus_to_exitcode(os.waitpid(process_id, 0)[1]), flush=True)
"""


def child(code: str, *arguments: object) -> subprocess.Popen[str]:
    """Start a process that runs `code` after the definitions above."""
    command = [sys.executable, "-c", CHILD + code, *map(str, arguments)]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, text=True)


def output(process: subprocess.Popen[str]) -> list[str]:
    printed, _ = process.communicate(timeout=TIMEOUT)
    assert process.returncode == 0
    return printed.split()


def was_killed(process: subprocess.Popen[str]) -> bool:
    process.communicate(timeout=TIMEOUT)
    assert process.returncode in {0, -signal.SIGKILL}
    return process.returncode != 0


def is_killed_at(step: int, stepper: subprocess.Popen[str]) -> bool:
    """Let a stepper start a process that is killed at a step; return False if it ends before."""
    assert stepper.stdin is not None
    assert stepper.stdout is not None
    stepper.stdin.write(f"{step}\n")
    stepper.stdin.flush()
    status = int(stepper.stdout.readline())
    assert status in {0, -signal.SIGKILL}
    return status != 0


def publish(base: Path, content: str = "weights") -> int:
    """Publish a version of two files, of which one lies in a sub-folder."""
    with staged(base) as staging:
        (staging.folder / "saved_model.pb").write_text(content)
        (staging.folder / "variables").mkdir()
        (staging.folder / "variables" / "data").write_text(content)
        return staging.publish()


def is_whole(version: Path) -> bool:
    return all((version / name).is_file() for name in ("saved_model.pb", "variables/data"))


def leftovers(base: Path) -> set[str]:
    return {name for name in os.listdir(base) if not name.isdigit()} - {".lock", ".last-version"}


def test_a_version_killed_at_any_moment_is_whole_or_not_there(tmp_path: Path) -> None:
    kills, seen = 0, 0
    stepper = child(STEPPER.replace("ACTION", "publish()"), tmp_path)
    while is_killed_at(kills, stepper):
        kills += 1
        found = published_versions(tmp_path)
        assert all(is_whole(tmp_path / str(number)) for number in found)
        seen = max([seen, *found])

    assert output(stepper) == []
    assert kills > 10
    assert publish(tmp_path) > seen
    assert leftovers(tmp_path) == set()


def test_a_pruner_killed_at_any_moment_leaves_versions_whole(tmp_path: Path) -> None:
    kills = 0
    for _ in range(2):
        publish(tmp_path)
    stepper = child(STEPPER.replace("ACTION", "prune(base, 1)"), tmp_path)
    while is_killed_at(kills, stepper):
        kills += 1
        found = published_versions(tmp_path)
        assert all(is_whole(tmp_path / str(number)) for number in found)
        if len(found) < 2:
            publish(tmp_path)

    assert output(stepper) == []
    assert kills > 5
    assert len(published_versions(tmp_path)) == 1
    assert leftovers(tmp_path) == set()


def test_a_living_writers_folder_is_left_alone(tmp_path: Path) -> None:
    code = """
with staged(base) as staging:
    (staging.folder / "saved_model.pb").touch()
    print("writing", flush=True)
    sys.stdin.read()
    print(staging.publish())
"""
    writer = child(code, tmp_path)
    assert writer.stdout is not None
    assert writer.stdout.readline() == "writing\n"

    assert publish(tmp_path) == 1
    assert len(leftovers(tmp_path)) == 1
    assert output(writer) == ["2"]


def test_publishers_at_the_same_time_get_different_numbers(tmp_path: Path) -> None:
    code = "print(*(publish(f'{os.getpid()} {turn}') for turn in range(5)))\n"
    publishers = [child(code, tmp_path) for _ in range(4)]

    numbers = [int(number) for publisher in publishers for number in output(publisher)]

    assert sorted(numbers) == list(range(1, 21))
    assert published_versions(tmp_path) == list(range(1, 21))
    contents = {(tmp_path / str(number) / "saved_model.pb").read_text() for number in numbers}
    assert len(contents) == 20


def test_one_of_several_seeding_at_the_same_time_publishes(tmp_path: Path) -> None:
    publish(tmp_path / "starters")
    code = "print(publish_copy(Path(sys.argv[2]), base))\n"
    seeders = [child(code, tmp_path / "m", tmp_path / "starters" / "1") for _ in range(4)]

    answers = [output(seeder)[0] for seeder in seeders]

    assert sorted(answers) == ["1", "None", "None", "None"]
    assert published_versions(tmp_path / "m") == [1]


def test_locks_exclude_writers_that_use_flock_directly(tmp_path: Path) -> None:
    """Version 0.1.0 locked the same file with flock, without filelock."""
    code = """
import fcntl
with open(base / ".lock", "w") as lock:
    fcntl.flock(lock, fcntl.LOCK_EX)
    print("locked", flush=True)
    sys.stdin.read()
    print(*os.listdir(base))
"""
    holder = child(code, tmp_path)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "locked\n"
    publisher = child("print(publish())", tmp_path)
    with pytest.raises(subprocess.TimeoutExpired):
        publisher.wait(1)
    assert output(holder) == [".lock"]
    assert output(publisher) == ["1"]


def test_a_killed_holder_frees_the_lock_and_its_folder(tmp_path: Path) -> None:
    code = """
with staged(base), _lock(base / ".lock"):
    print("locked", flush=True)
    sys.stdin.read()
"""
    holder = child("from serving.repository.versions import _lock" + code, tmp_path)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "locked\n"
    assert len(leftovers(tmp_path)) == 1
    holder.kill()
    assert was_killed(holder)
    assert publish(tmp_path) == 1
    assert leftovers(tmp_path) == set()


def test_a_child_of_a_writer_does_not_keep_its_locks(tmp_path: Path) -> None:
    """Training starts processes while it holds a folder; they may outlive it."""
    code = """
import subprocess
with staged(base):
    sleeper = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    print(sleeper.pid, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""
    writer = child(code, tmp_path)
    assert was_killed(writer)
    assert publish(tmp_path) == 1
    assert leftovers(tmp_path) == set()
