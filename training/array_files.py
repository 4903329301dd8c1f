"""Files of several NumPy arrays (`.npz`), written in one step."""

import zipfile
import zlib
from pathlib import Path

import numpy as np

from serving.repository.atomic_write import atomic_write
from training.errors import TrainingError, explained


def write_arrays(path: Path, arrays: dict[str, np.ndarray]) -> None:
    """Write arrays by their names in one step, compressed.

    Raises:
        TrainingError: the file can't be written.
    """
    with explained(f"cannot write {path}", "free some space"), atomic_write(path) as temporary:
        np.savez_compressed(temporary, **arrays)  # type: ignore[arg-type]  # NumPy's own stub.


def read_arrays(path: Path, *names: str) -> dict[str, np.ndarray]:
    """Return the arrays of a file by their names.

    Raises:
        TrainingError: it can't be read, is damaged, or lacks one of `names`.
    """
    try:
        with open(path, "rb") as file, np.load(file) as saved:
            arrays = dict(saved)
        if missing := [name for name in names if name not in arrays]:
            raise ValueError(f"without {missing[0]!r}")
    except (OSError, ValueError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise TrainingError(f"{path} is damaged ({error}): run the recipe again") from error
    return arrays
