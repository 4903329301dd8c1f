"""The line that a command leaves for Kubernetes."""

from pathlib import Path

import pytest

from training.__main__ import main
from training.errors import Preempted, Refused
from training.termination_message import write_termination_message


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "termination-log"
    path.touch()  # As Kubernetes makes it.
    monkeypatch.setenv("PHOTOLABEL_TERMINATION_LOG", str(path))
    return path


def test_it_says_why_a_command_failed(log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "no-such-recipe"]) == 2
    assert log.read_text() == capsys.readouterr().err.rstrip("\n")
    assert log.read_text().startswith("error: there is no recipe 'no-such-recipe'")


@pytest.mark.parametrize(
    ("raised", "status", "said"),
    [
        (Refused("not published:\nit is worse"), 3, "error: not published:�it is worse"),
        (Preempted(), 75, "terminated"),
        (PermissionError(13, "Permission denied", "/data"), 1, "error: permission denied: /data"),
    ],
)
def test_every_end_is_said(
    log: Path,
    monkeypatch: pytest.MonkeyPatch,
    raised: BaseException,
    status: int,
    said: str,
) -> None:
    def end(*_: object) -> None:
        raise raised

    monkeypatch.setattr("training.commands.run.train", end)
    assert main(["run", "clothing-fast"]) == status
    assert log.read_text() == said


def test_a_command_without_a_result_is_done(log: Path) -> None:
    assert main(["recipes"]) == 0
    assert log.read_text() == "done"


def test_without_the_variable_nothing_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PHOTOLABEL_TERMINATION_LOG", raising=False)
    monkeypatch.chdir(tmp_path)
    write_termination_message("done")
    assert not list(tmp_path.iterdir())


def test_a_long_message_is_cut_between_characters(log: Path) -> None:
    write_termination_message("–" * 4096)
    assert log.read_text() == "–" * 1365  # Of three bytes each; Kubernetes shows 4096.


def test_what_cannot_be_written_does_not_change_the_status(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PHOTOLABEL_TERMINATION_LOG", str(tmp_path))
    assert main(["recipes"]) == 0
    assert capsys.readouterr().err.endswith("can't be written: Is a directory\n")
