"""Run folders: `<runs>/<recipe>/<name>`, where the name (`training.runs.names`) ends in a key.

The key is a digest of everything a run depends on: the same recipe, settings, data, code, backend
and packages give the same key (`RunIdentity`), so the same command finds its run again and resumes
it. A run's folder has

- `run.json`: what the run depends on, when it began, with which settings other than its recipe's
  own (`changed`), recipe file and folder of data, its `status`, and the version that it published;
- `lock`: locked by the process that works on the run, which the file names;
- `checkpoints/`: the latest states of fitting (`training.fitting.checkpoints`);
- once it is fitted `trained.keras`, `model_card.json`, the evaluation and the report.
"""

import contextlib
import fcntl
import json
import os
import platform
import reprlib
import uuid
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from serving.repository.atomic_write import atomic_write
from training.errors import InUse, TrainingError, explained
from training.overrides import renamed
from training.recipe import ANY_PHOTOS, Recipe
from training.runs.identity import RunIdentity, changes
from training.runs.names import existing_folders, new_folder

RUN = "run.json"
TRAINED = "trained.keras"
CHECKPOINTS = "checkpoints"
FINISHED = ("evaluated", "refused", "published")
"""The values of `status` of a run that has ended: it is trained and evaluated."""

_LOCK = "lock"
_REQUIRED = ("recipe", "model", "parameters", "status")
_OWN_PHOTOS = ("preparation", "input_shape")
_KINDS: dict[str, Any] = {
    **dict.fromkeys(("id", "recipe", "model", "status", "preparation", "backend"), str),
    **dict.fromkeys(("version", "from", "began", "updated"), str),
    **dict.fromkeys(("data_folder", "recipe_file"), str | None),
    **dict.fromkeys(("parameters", "packages", "trained", "changed", "start"), dict),
    "input_shape": list,
}
"""Types of those facts that other code relies on."""
_LOCK_SECONDS = 0.2  # Another process may just be looking whether the run is worked on.
_SHOWN = 3  # Unfinished runs that are not continued.


@dataclass(frozen=True)
class Run:
    """A run's folder, locked by this process."""

    folder: Path

    def facts(self) -> dict[str, Any]:
        """Return the content of `run.json`."""
        return read_run(self.folder)

    def note(self, **facts: Any) -> None:
        """Add facts to `run.json`, such as `status`, in one durable step."""
        noted = {**self.facts(), **facts, "updated": _now()}
        text = json.dumps(noted, indent=2, ensure_ascii=False)
        with _writing(self.folder), atomic_write(self.folder / RUN) as temporary:
            temporary.write_text(text + "\n", "utf-8")

    def note_end(self, status: str, **facts: Any) -> None:
        """Note facts and a status, unless the run is published already: that it stays."""
        published = self.facts()["status"] == "published"
        self.note(**facts, **({} if published else {"status": status}))


def read_run(folder: Path) -> dict[str, Any]:
    """Return the content of a run's `run.json`; empty if there is none."""
    path = folder / RUN
    try:
        facts = dict(json.loads(path.read_text("utf-8")))
    except FileNotFoundError:
        return {}
    except OSError as error:  # The run may be whole: nothing is said of removing it.
        raise TrainingError(f"{path} can't be read ({error.strerror or error})") from error
    except (ValueError, TypeError, RecursionError) as error:
        raise TrainingError(f"{path} can't be read ({error}): remove {folder}") from error
    needed = [*_REQUIRED, *(_OWN_PHOTOS if facts.get("dataset") == ANY_PHOTOS else ())]
    wrong = [name for name in needed if name not in facts]
    wrong += [name for name in facts if not isinstance(facts[name], _KINDS.get(name, object))]
    if wrong:
        what = f"{wrong[0]} is {reprlib.repr(facts.get(wrong[0]))}"
        raise TrainingError(f"{path} is not that of a run ({what}): remove {folder}")
    return facts


@contextlib.contextmanager
def claimed_run(
    runs: Path, identity: RunIdentity, *, label: str = "", fresh: bool = False
) -> Iterator[Run]:
    """Find or make the folder of a run, and lock it.

    Args:
        runs: folder of the runs.
        identity: of the run.
        label: part of the name of a new folder (`training.runs.names.run_label`).
        fresh: start another run with this identity in its own folder; otherwise the one started
            last is used.

    Raises:
        InUse: another process works on the run.
        TrainingError: the folder can't be written.
    """
    with _writing(runs):
        folder = _run_folder(runs / identity.recipe, label, identity.key, fresh)
    with _locked(folder, "wait for it, or begin another with --fresh"):
        run = Run(folder)
        if not run.facts():
            run.note(id=uuid.uuid4().hex, began=_now(), **asdict(identity), status="new")
        yield run


@contextlib.contextmanager
def existing_run(folder: Path) -> Iterator[Run]:
    """Lock the folder of an existing run.

    Raises:
        TrainingError: it is not the folder of a run, or another process works on it.
    """
    if not read_run(folder):
        raise TrainingError(f"{folder} is not the folder of a run: it has no {RUN}")
    with _locked(folder, "wait for it"):
        yield Run(folder)


def worked_on_by(folder: Path) -> str | None:
    """Return which process works on a run, such as `process 7 on host`; None if none does.

    A run that is not worked on is never kept locked: `_locked` waits as long as this takes.
    """
    try:
        with (folder / _LOCK).open(encoding="utf-8") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return lock.read().strip() or "another process"
    except OSError:  # There is no lock, or it must not be read.
        pass
    return None


def not_continued(runs: Path, identity: RunIdentity, recipe: Recipe) -> list[str]:
    """Return a line for each of the unfinished runs that come closest to this one.

    Whoever repeats a command, such as after an upgrade, may expect it to continue one of them. Runs
    with another seed, split or name are other runs on purpose.
    """
    found = []
    for path in (runs / identity.recipe).glob(f"*/{RUN}"):
        with contextlib.suppress(TrainingError):
            facts = read_run(path.parent)
            if facts.get("status") in FINISHED or _is_another(facts, identity):
                continue
            trained = facts.get("trained", {})  # Where earlier releases recorded these two.
            then = {"backend": trained.get("backend"), "packages": trained.get("packages")}
            then = {name: value for name, value in then.items() if value} | facts
            differences = changes(then, asdict(identity), recipe)
            if differences:
                found.append((path.parent, differences, facts.get("updated", "")))
    found.sort(key=lambda each: each[2], reverse=True)
    found.sort(key=lambda each: len(each[1]))
    return [f"not continued: {folder} ({'; '.join(why)})" for folder, why, _ in found[:_SHOWN]]


def _is_another(facts: dict[str, Any], identity: RunIdentity) -> bool:
    then = renamed(facts["parameters"])
    seeds = (then.get(name) != identity.parameters[name] for name in ("seed", "split_seed"))
    return facts["model"] != identity.model or any(seeds)


def _run_folder(parent: Path, label: str, key: str, fresh: bool) -> Path:
    """Return the folder of the run with a key that began last; or make another one."""
    existing = existing_folders(parent, key)
    last = max(existing, default=0)
    if last and not fresh:
        return existing[last]
    number = last + 1
    while True:
        folder = new_folder(parent, label, key, number)
        try:
            folder.mkdir(parents=True)
        except FileExistsError:  # Another process has just made that one.
            if not fresh:
                return folder
        else:
            return folder
        number += 1


@contextlib.contextmanager
def _locked(folder: Path, advice: str) -> Iterator[None]:
    """Lock a run for this process; the lock ends with the process at the latest."""
    path = folder / _LOCK
    # A soft lock would outlive a process that is killed.
    lock = FileLock(path, timeout=_LOCK_SECONDS, fallback_to_soft=False)
    with _writing(folder):
        try:
            lock.acquire()
        except Timeout as error:
            holder = path.read_text("utf-8").strip() or "another process"
            raise InUse(holder, folder, advice) from error
    try:
        with _writing(folder):
            path.write_text(f"process {os.getpid()} on {platform.node()}\n", "utf-8")
        yield
    finally:
        lock.release()


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _writing(folder: Path) -> contextlib.AbstractContextManager[None]:
    advice = "free some space there, or name another folder with --runs"
    return explained(f"cannot write into the folder of runs {folder}", advice)
