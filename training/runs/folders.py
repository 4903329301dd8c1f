"""Folders of runs: `<runs>/<recipe>/<key>`, found again by what a run is made of.

The same recipe, numbers, data and code have the same key, so the same command finds its run again
and continues it. In a run's folder:

- `run.json`: what the run is made of, how far it is (`status`), what it published;
- `lock`: held (`flock`) by the process that works on the run, which the file names;
- `checkpoints/`: the last states of fitting (`training.fitting.checkpoints`);
- `trained.keras`, `model_card.json` and more, once it is fitted (`training.runs.files`).
"""

import contextlib
import fcntl
import hashlib
import json
import os
import platform
import uuid
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from training.atomic_write import atomic_write
from training.errors import TrainingError
from training.overrides import hyperparameters
from training.provenance import code_digest
from training.recipe import Recipe

RUN = "run.json"


@dataclass(frozen=True)
class Identity:
    """What a run is made of; runs of one identity are one run, begun once.

    Attributes:
        recipe: its name.
        model: the name under which it is published.
        parameters: all hyperparameters of the recipe, with the overrides; the seed is one of them.
        data: digest of the data set.
        code: digest of the sources, `training.provenance`, and of a recipe's own file.
        deterministic: whether it is fitted so that it can be repeated bit by bit.
        weights: digest of the file of pretrained weights; empty if there is none.
    """

    recipe: str
    model: str
    parameters: dict[str, Any]
    data: str
    code: str
    deterministic: bool
    weights: str = ""

    @property
    def key(self) -> str:
        """The name of the run's folder."""
        return hashlib.sha256(_as_json(asdict(self)).encode()).hexdigest()[:16]


def identify(recipe: Recipe, data: str, *, deterministic: bool, weights: str = "") -> Identity:
    """Say what a run is made of.

    Args:
        recipe: with the overrides of the run.
        data: digest of the data set.
        deterministic: as `Identity` has it.
        weights: likewise.
    """
    return Identity(
        recipe=recipe.name,
        model=recipe.model,
        parameters=hyperparameters(recipe),
        data=data,
        code=code_digest() + recipe.file_digest,
        deterministic=deterministic,
        weights=weights,
    )


@dataclass(frozen=True)
class Run:
    """A run's folder, locked by this process."""

    folder: Path

    def facts(self) -> dict[str, Any]:
        """Return what `run.json` holds.

        Raises:
            TrainingError: it is damaged.
        """
        return read_run(self.folder)

    def note(self, **facts: Any) -> None:
        """Add facts to `run.json`, such as `status`, in one durable step.

        Raises:
            TrainingError: the file system refused.
        """
        now = datetime.now(UTC).isoformat(timespec="seconds")
        text = json.dumps({**self.facts(), **facts, "updated": now}, indent=2, ensure_ascii=False)
        try:
            with atomic_write(self.folder / RUN) as aside:
                aside.write_text(text + "\n", "utf-8")
        except OSError as error:
            raise _not_writable(self.folder, error) from error


def read_run(folder: Path) -> dict[str, Any]:
    """Return what a run's `run.json` holds; empty if there is none.

    Raises:
        TrainingError: it can't be read.
    """
    path = folder / RUN
    try:
        return dict(json.loads(path.read_text("utf-8")))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise TrainingError(f"{path} can't be read ({error}): remove {folder}") from error


@contextlib.contextmanager
def claimed(runs: Path, identity: Identity, *, fresh: bool = False) -> Iterator[Run]:
    """Make or find the folder of a run and lock it.

    Args:
        runs: the folder of all runs.
        identity: of the run.
        fresh: begin another run of this identity, in a folder of its own. Without it, the last one
            begun is found.

    Raises:
        TrainingError: another process works on the run, or the folder can't be written.
    """
    try:
        folder = _folder(runs / identity.recipe, identity.key, fresh)
    except OSError as error:
        raise _not_writable(runs, error) from error
    with _locked(folder) as run:
        if not run.facts():
            run.note(id=uuid.uuid4().hex, **asdict(identity), status="new")
        yield run


def begun_with_other_code(runs: Path, identity: Identity) -> list[Path]:
    """Return the folders of runs that would be this one, had the sources not changed since.

    Only those that are not finished: whoever runs the command again may expect to continue them.
    """
    alike = asdict(replace(identity, code=""))
    found = []
    for path in sorted((runs / identity.recipe).glob(f"*/{RUN}")):
        with contextlib.suppress(TrainingError):
            facts = read_run(path.parent)
            same = {name: facts.get(name) for name in alike} | {"code": ""}
            other = facts.get("code") != identity.code and facts.get("status") != "published"
            if other and _as_json(same) == _as_json(alike):
                found.append(path.parent)
    return found


def _as_json(value: object) -> str:
    return json.dumps(value, sort_keys=True)


@contextlib.contextmanager
def opened(folder: Path) -> Iterator[Run]:
    """Lock the folder of a run that was begun before.

    Raises:
        TrainingError: it is no folder of a run, or another process works on it.
    """
    if not read_run(folder):
        raise TrainingError(f"{folder} is no folder of a run: it has no {RUN}")
    with _locked(folder) as run:
        yield run


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[Run]:
    try:
        lock = open(folder / "lock", "a+", encoding="utf-8")  # noqa: SIM115 -- closed below
    except OSError as error:
        raise _not_writable(folder, error) from error
    with lock:
        _take(lock, folder)
        yield Run(folder)


def _folder(family: Path, key: str, fresh: bool) -> Path:
    """Return `<key>`, or of `<key>`, `<key>-2`, `<key>-3`, … the last one, or the next."""
    attempt = 1
    while _attempt(family, key, attempt + 1).is_dir():
        attempt += 1
    folder = _attempt(family, key, attempt)
    if not fresh or not folder.is_dir():
        folder.mkdir(parents=True, exist_ok=True)
        return folder
    while True:
        attempt += 1
        with contextlib.suppress(FileExistsError):  # Another process was first: it is its run.
            folder = _attempt(family, key, attempt)
            folder.mkdir()
            return folder


def _attempt(family: Path, key: str, attempt: int) -> Path:
    return family / (key if attempt == 1 else f"{key}-{attempt}")


def _take(lock: Any, folder: Path) -> None:
    """Lock a run for this process, at the longest until it ends, however it does."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        lock.seek(0)
        holder = lock.read().strip() or "another process"
        raise TrainingError(
            f"{holder} works on this run ({folder}): wait for it, or begin another with --fresh"
        ) from error
    lock.truncate(0)
    lock.write(f"process {os.getpid()} on {platform.node()}\n")
    lock.flush()


def _not_writable(folder: Path, error: OSError) -> TrainingError:
    return TrainingError(
        f"cannot write into the folder of runs {folder} ({error.strerror or error}): make room"
        " there, or name another with --runs"
    )
