import json
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.training.runs.listed import KEY, listed_run
from training.__main__ import main

ROOT = Path(__file__).parents[3]
NAMED = "2026-11-26_flowers_epochs=5_aa2281fb62b1"


@pytest.fixture
def two_runs(tmp_path: Path) -> Path:
    """Return the folder of a stopped run, and of a published one with changed settings."""
    runs = tmp_path / "runs"
    listed_run(runs, "stopped", fitted=3)
    (tmp_path / "models" / "flowers" / "4").mkdir(parents=True)
    listed_run(
        runs,
        "published",
        NAMED,
        recipe="images-mobilenet",
        fitted=5,
        validation=0.932,
        model="flowers",
        parameters={"epochs": 5},
        changed={"epochs": 5},
        data_folder=str(Path.home() / "flowers"),
        version="models/flowers/4",
        began="2026-11-26T10:00:00+00:00",
    )
    return runs


def listed(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[list[str]]:
    """Return the cells of the lines that the command prints."""
    assert main(["runs", *arguments]) == 0
    return [re.split(r"\s{2,}", line.strip()) for line in capsys.readouterr().out.splitlines()]


@pytest.mark.usefixtures("two_runs")
def test_a_line_for_each_run_tells_what_it_was(capsys: pytest.CaptureFixture[str]) -> None:
    head, first, second = listed(capsys)

    assert head == [
        *("run", "began", "recipe", "model", "data", "settings", "status", "validation"),
        "version",
    ]
    assert first[:1] + first[2:] == [
        *(KEY, "clothing-cnn", "clothing", "stopped after 3 of 24 epochs", "52.00%")
    ]
    assert second[:1] + second[2:] == [
        *("aa2281fb62b1", "images-mobilenet", "flowers", "~/flowers", "epochs=5", "published"),
        *("93.20%", "flowers/4 (serves)"),
    ]


@pytest.mark.usefixtures("two_runs")
@pytest.mark.parametrize("columns", ["80", "120", "200"])
def test_nothing_is_cut_off_however_wide_the_terminal_is(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, columns: str
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    assert main(["runs"]) == 0

    output = capsys.readouterr().out
    assert max(map(len, output.splitlines())) <= int(columns)
    for whole in ("aa2281fb62b1", "epochs=5", "~/flowers", "93.20%", "flowers/4 (serves)"):
        assert whole in output
    assert "…" not in output


@pytest.mark.usefixtures("two_runs")
@pytest.mark.parametrize(
    ("filters", "keys"),
    [
        (["--recipe", "clothing-cnn"], [KEY]),
        (["--model", "flowers"], ["aa2281fb62b1"]),
        (["--status", "published"], ["aa2281fb62b1"]),
        (["--status", "published", "--status", "stopped"], [KEY, "aa2281fb62b1"]),
        (["--last", "1"], [KEY]),
    ],
)
def test_filters_leave_some_runs(
    capsys: pytest.CaptureFixture[str], filters: list[str], keys: list[str]
) -> None:
    assert [row[0] for row in listed(capsys, *filters)[1:]] == keys


def test_json_has_all_that_is_known(capsys: pytest.CaptureFixture[str], two_runs: Path) -> None:
    damaged = two_runs / "clothing-cnn" / "damaged"
    damaged.mkdir()
    (damaged / "run.json").write_text("{")
    assert main(["runs", "--json", "--model", "flowers"]) == 0

    output = capsys.readouterr()
    (found,) = json.loads(output.out)
    assert found["run"] == f"images-mobilenet/{NAMED}"
    assert found["changed"] == {"epochs": 5}
    assert found["epochs"] == {"fitted": 5, "of": 5}
    assert (found["version"], found["version_state"]) == ("flowers/4", "serves")
    assert output.err.startswith("runs/clothing-cnn/damaged/run.json can't be read (")
    assert output.err.count("\n") == 1


def test_an_empty_list_says_so(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["runs"]) == 0
    assert capsys.readouterr().out == "there are no runs in runs\n"

    listed_run(tmp_path / "runs", "stopped")
    assert main(["runs", "--model", "cats"]) == 0
    assert capsys.readouterr().out == "none of the 1 run in runs matches\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--runs", "missing"], "--runs missing: there is no such folder"),
        (["--last", "0"], "--last is at least 1, not 0"),
    ],
)
def test_wrong_arguments_are_one_line(
    capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    assert main(["runs", *arguments]) == 2
    assert capsys.readouterr().err == f"error: {message}\n"


def test_runs_with_the_same_key_are_listed_by_their_names(
    capsys: pytest.CaptureFixture[str], two_runs: Path
) -> None:
    listed_run(two_runs, "stopped", f"2026-11-28_{KEY}")

    names = [row[0] for row in listed(capsys, "--recipe", "clothing-cnn")[1:]]
    assert sorted(names) == [f"clothing-cnn/2026-11-2{day}_{KEY}" for day in (7, 8)]


@pytest.mark.integration
def test_500_runs_are_listed_within_two_seconds_and_without_numpy(tmp_path: Path) -> None:
    for number in range(500):
        listed_run(tmp_path / "runs", "stopped", f"a_{number:012x}", fitted=20, validation=0.9)
    code = (
        "import sys; from training.__main__ import main; main(['runs']);"
        " assert not {'keras', 'tensorflow', 'numpy'} & set(sys.modules)"
    )
    command = [sys.executable, "-c", code]
    environment = {"PYTHONPATH": str(ROOT)}
    began = time.monotonic()
    done = subprocess.run(
        command, cwd=tmp_path, env=environment, check=True, capture_output=True, text=True
    )

    assert len(done.stdout.splitlines()) == 501
    assert time.monotonic() - began < 10, "2 s, on a machine that has nothing else to do"
