"""Publishing a run: which runs are, and which are refused."""

from pathlib import Path

import pytest

from tests.training.pipeline.evaluated_runs import COMMAND, evaluated_run, facts_of, publish
from training.__main__ import main
from training.errors import Refused
from training.publishing.gate_policy import GatePolicy
from training.runs.folders import existing_run


@pytest.fixture
def base(tmp_path: Path) -> Path:
    folder = tmp_path / "models" / "letters"
    folder.mkdir(parents=True)
    return folder


@pytest.mark.parametrize(
    ("status", "what"),
    [
        ("new", "it has not been trained yet"),
        ("fitting", "it ended while it was trained"),
        ("stopped", "it was stopped before its end"),
        ("failed", "it failed (out of memory)"),
    ],
)
def test_a_run_that_has_not_ended_is_not_published(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], status: str, what: str
) -> None:
    run = evaluated_run(tmp_path / "runs" / "letters" / "0", status)
    run.note(reason="out of memory")

    assert main(["publish", "letters/0"]) == 1

    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert what in error
    assert "the same command of `run` goes on with it" in error
    assert not Path("models").exists()


def test_a_run_that_another_process_works_on_is_not_published(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = evaluated_run(tmp_path / "runs" / "letters" / "0")
    with existing_run(run.folder):
        assert main(["publish", str(run.folder)]) == 1

    error = capsys.readouterr().err
    assert error.startswith("error: process ")
    assert error.endswith("runs/letters/0): wait for it\n")


def test_the_former_name_of_the_command_still_works(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export", "no-such-run"]) == 1
    assert "there is no run 'no-such-run'" in capsys.readouterr().err


def test_a_refused_run_has_the_reason_and_can_be_forced(tmp_path: Path, base: Path) -> None:
    run = evaluated_run(tmp_path / "1")
    with pytest.raises(Refused) as raised:
        publish(run, base, right=400)

    assert str(raised.value).endswith(f"--force publishes it anyway: {COMMAND} --force")
    assert facts_of(run) == ("refused", None)
    assert run.facts()["reason"].startswith("its test accuracy of 40.00%")
    version = publish(run, base, right=400, policy=GatePolicy(force=True))
    assert facts_of(run) == ("published", str(version))

    with pytest.raises(Refused):
        publish(run, base, right=400)
    assert facts_of(run) == ("published", str(version)), "published it stays"
