"""`promote --auto` with metrics in files: what it does when it can't, or must not, decide."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from serving.repository.served_versions import read_served
from tests.signals import sigint_inherited
from tests.training.publishing.rollback.published import publish
from training.__main__ import main

ROOT = Path(__file__).parents[3]
AUTO = ["promote", "pets", "2", "--auto", "--metrics", "metrics", "--every", "0.05"]


@pytest.fixture
def base(tmp_path: Path) -> Path:
    """Return the folder of a model with two versions, of which the first is stable."""
    base = tmp_path / "models" / "pets"
    publish(base)
    assert main(["label", "pets", "stable", "1"]) == 0
    publish(base)
    write_metrics(tmp_path, {})
    return base


def write_metrics(folder: Path, requests: dict[tuple[int, int], int]) -> None:
    """Write metrics with this many requests by version and status."""
    lines = [
        f'photolabel_requests_total{{route="classify",model="pets",version="{version}",'
        f'status="{status}"}} {number}\n'
        for (version, status), number in requests.items()
    ]
    new = folder / "new"
    new.write_text("".join(lines))
    new.rename(folder / "metrics")


def keep_counting(folder: Path, requests: dict[tuple[int, int], int]) -> None:
    """Write metrics that grow by as much several times: what comes before the watch is left out."""
    for times in range(1, 4):
        write_metrics(folder, {key: times * number for key, number in requests.items()})
        time.sleep(0.3)


def labels(base: Path) -> dict[str, int]:
    return dict(read_served(base).labels)


def when_canary(base: Path, then: Callable[[], None]) -> threading.Thread:
    """Call a function once version 2 is the canary."""

    def run() -> None:
        while labels(base).get("canary") != 2:
            stop.wait(0.02)
        then()

    stop = threading.Event()
    thread = threading.Thread(target=run)
    thread.start()
    return thread


def test_errors_of_the_canary_alone_roll_it_back(
    base: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    counted = {(1, 200): 900, (2, 200): 80, (2, 503): 20}
    thread = when_canary(base, lambda: keep_counting(tmp_path, counted))
    assert main(AUTO) == 3
    thread.join()
    found = capsys.readouterr()
    assert "version 2 was rolled back: errors: requests that failed with 5xx are 20.0%" in found.err
    assert "canary: 100 requests, 20.0% failed" in found.out
    assert "evidence against the canary: errors" in found.out
    assert labels(base) == {"stable": 1, "canary": 1}


def test_without_requests_there_is_no_decision(
    base: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*AUTO, "--minutes", "0.005"]) == 5
    found = capsys.readouterr()
    assert "no request has reached version 2 yet" in found.out
    assert "0 requests of the canary (version 2)" in found.err
    assert labels(base) == {"stable": 1, "canary": 2}


def test_metrics_that_cannot_be_read_are_noticed_before_anything_changes(
    base: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "metrics").unlink()
    assert main(AUTO) == 1
    assert "no metrics from metrics" in capsys.readouterr().err
    assert labels(base) == {"stable": 1}


def test_metrics_that_are_away_for_a_while_are_read_again(
    base: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def leave() -> None:
        (tmp_path / "metrics").unlink()
        while "read again in" not in capsys.readouterr().out:
            pass
        keep_counting(tmp_path, {(1, 200): 50, (2, 200): 50})

    thread = when_canary(base, leave)
    assert main([*AUTO, "--requests", "50"]) == 0
    thread.join()
    assert labels(base) == {"stable": 2, "canary": 2}


def test_what_somebody_else_decides_meanwhile_stays(
    base: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def decide() -> None:
        assert main(["label", "pets", "canary", "1"]) == 0
        keep_counting(tmp_path, {(1, 200): 50, (2, 200): 50})

    thread = when_canary(base, decide)
    assert main([*AUTO, "--requests", "50"]) == 1
    thread.join()
    assert "somebody else has changed the labels of pets" in capsys.readouterr().err
    assert labels(base) == {"stable": 1, "canary": 1}


def test_a_version_that_serves_already_has_nothing_to_be_compared_with(
    base: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["promote", "pets", "1", *AUTO[3:]]) == 1
    assert "version 1 of pets serves already" in capsys.readouterr().err


@pytest.mark.integration
def test_ctrl_c_leaves_the_canary_and_says_so(base: Path, tmp_path: Path) -> None:
    with sigint_inherited():
        process = subprocess.Popen(
            [sys.executable, "-m", "training", *AUTO],
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONUNBUFFERED": "1", "PYTHONPATH": str(ROOT)},
        )
    try:
        assert process.stdout is not None
        assert any("no request has reached" in line for line in process.stdout)
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=60)
    finally:
        process.kill()
        process.wait()
    assert process.returncode == 130
    assert "interrupted: version 2 stays the canary; to take it back: " in output
    assert "python -m training promote pets 1 --label canary\n" in output
    assert errors == "interrupted\n"
    assert labels(base) == {"stable": 1, "canary": 2}
