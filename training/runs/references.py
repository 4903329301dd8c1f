"""Runs on the command line: by folder, by name below the folder of runs, or by key."""

import difflib
from pathlib import Path

from training.errors import TrainingError
from training.runs.folders import RUN
from training.runs.names import key_of

_SHORTEST = 4  # Digits of a key.
_NAMED = 3


def find_run(runs: Path, reference: str) -> Path:
    """Return the folder of a run.

    Args:
        runs: folder of the runs.
        reference: the run's folder or a file in it; its name relative to `runs`, with or without
            the recipe; or its key, the end of its name, of which the first four digits are enough
            if no other run's key begins with them.

    Raises:
        TrainingError: there is no such run, or more than one; the message names those that come
            close.
    """
    for folder in (Path(reference), runs / reference):
        found = folder.parent if folder.is_file() else folder
        if reference and (found / RUN).is_file():
            return found
    known = run_folders(runs)
    wanted = reference.rstrip("/")
    for matches in (_is_named, _begins_key):
        found_here = [each for each in known if matches(each, wanted)]
        if len(found_here) == 1:
            return found_here[0]
        if found_here:
            listed = _listed(runs, found_here)
            raise TrainingError(f"{reference!r} is more than one run in {runs}: {listed}")
    if not known:
        raise TrainingError(f"there is no run {reference!r}: {runs} has no runs")
    near = _near(runs, known, wanted)
    what = "the nearest are" if near else "the newest are"
    listed = _listed(runs, near or sorted(known, key=_changed, reverse=True))
    raise TrainingError(f"there is no run {reference!r} in {runs}; {what} {listed}")


def run_folders(runs: Path) -> list[Path]:
    """Return the folders of all runs, `<runs>/<recipe>/<name>`, in the order of their names."""
    return sorted(path.parent for path in runs.glob(f"*/*/{RUN}"))


def run_name(runs: Path, folder: Path) -> str:
    """Return how a run is named on the command line: relative to the folder of runs."""
    return str(folder.relative_to(runs)) if folder.is_relative_to(runs) else str(folder)


def _is_named(folder: Path, reference: str) -> bool:
    return reference in (folder.name, key_of(folder))


def _begins_key(folder: Path, reference: str) -> bool:
    return len(reference) >= _SHORTEST and key_of(folder).startswith(reference)


def _near(runs: Path, known: list[Path], reference: str) -> list[Path]:
    """Return the runs whose names contain a reference or are like it."""
    names = {run_name(runs, folder): folder for folder in known}
    within = [name for name in names if reference and reference in name]
    like = difflib.get_close_matches(reference, [*names], n=_NAMED)
    by_key = {key_of(folder): name for name, folder in names.items()}
    like += [by_key[key] for key in difflib.get_close_matches(reference, [*by_key], n=_NAMED)]
    return [names[name] for name in dict.fromkeys([*within, *like])]


def _listed(runs: Path, folders: list[Path]) -> str:
    named = [run_name(runs, folder) for folder in folders[:_NAMED]]
    more = len(folders) - len(named)
    return ", ".join(named) + (f" and {more} more" if more else "")


def _changed(folder: Path) -> float:
    return (folder / RUN).stat().st_mtime
