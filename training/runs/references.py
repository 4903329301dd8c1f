"""Runs on the command line."""

from pathlib import Path

from training.errors import TrainingError
from training.runs.folders import RUN


def find_run(runs: Path, reference: str) -> Path:
    """Return the folder of a run.

    Args:
        runs: folder of the runs.
        reference: the run's folder or a file in it, its name relative to `runs`, or the end of it.

    Raises:
        TrainingError: there is no such run, or more than one.
    """
    for folder in (Path(reference), runs / reference):
        found = folder.parent if folder.is_file() else folder
        if reference and (found / RUN).is_file():
            return found
    known = [path.parent for path in runs.glob(f"*/*/{RUN}")]
    ending = [folder for folder in known if folder.name.endswith(reference)]
    if len(ending) == 1:
        return ending[0]
    which = "more than one run" if ending else "no run"
    raise TrainingError(f"there is {which} {reference!r} in {runs}")
