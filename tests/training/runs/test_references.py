import os
import re
from pathlib import Path

import pytest

from training.errors import TrainingError
from training.runs.references import find_run

CNN = "clothing-cnn/2026-11-27_epochs=5_3f2281fb62b1"
NAMED = "images-mobilenet/2026-11-27_flowers_aa2281fb62b1"
AGAIN = "images-mobilenet/2026-11-28_flowers_aa2281fb62b1-2"
EARLIER = "clothing-cnn/3f0c5ad1e2b49877"


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    for number, name in enumerate((CNN, NAMED, AGAIN, EARLIER)):
        folder = tmp_path / "runs" / name
        folder.mkdir(parents=True)
        (folder / "run.json").write_text("{}")
        os.utime(folder / "run.json", (number, number))
    (tmp_path / "runs" / "clothing-cnn" / "not a run").mkdir()
    return tmp_path / "runs"


@pytest.mark.parametrize(
    ("reference", "found"),
    [
        (CNN, CNN),
        (CNN + "/", CNN),
        ("2026-11-27_epochs=5_3f2281fb62b1", CNN),
        ("3f2281fb62b1", CNN),
        ("3f22", CNN),
        ("aa2281fb62b1", NAMED),
        ("aa2281fb62b1-2", AGAIN),
        ("3f0c5ad1e2b49877", EARLIER),
        ("3f0c", EARLIER),
    ],
)
def test_a_run_is_found_by_its_name_and_by_its_key(runs: Path, reference: str, found: str) -> None:
    assert find_run(runs, reference) == runs / found


def test_a_run_is_found_by_its_folder_wherever_that_is(runs: Path, tmp_path: Path) -> None:
    copied = (runs / CNN).rename(tmp_path / "copied")
    (copied / "trained.keras").touch()

    assert find_run(runs, str(copied)) == copied
    assert find_run(runs, f"{copied}/trained.keras") == copied
    assert find_run(Path("/nowhere"), str(copied)) == copied


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        ("aa22", f"'aa22' is more than one run in .*: {NAMED}, {AGAIN}$"),
        ("3f2", f"there is no run '3f2' in .*; the nearest are {CNN}$"),
        ("3f0c5ad1e2b49878", f"the nearest are {EARLIER}$"),
        ("flowers", f"the nearest are {NAMED}, {AGAIN}$"),
        ("clothing-cnn", "the nearest are clothing-cnn/2026.*, clothing-cnn/3f0c.*"),
        ("xyz", f"the newest are {EARLIER}, {AGAIN}, {NAMED} and 1 more$"),
        ("", "there is no run ''"),
        ("../..", "the newest are"),
    ],
)
def test_a_run_that_is_not_there_is_an_error_that_names_others(
    runs: Path, reference: str, message: str
) -> None:
    with pytest.raises(TrainingError, match=re.compile(message)):
        find_run(runs, reference)


def test_a_folder_without_runs_says_so(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match=r"there is no run 'abc': .*/none has no runs"):
        find_run(tmp_path / "none", "abc")
