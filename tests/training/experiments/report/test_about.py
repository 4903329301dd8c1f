"""What it takes to repeat an experiment."""

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.training.experiments.report import frames
from training import provenance
from training.errors import TrainingError
from training.experiments.report import about, write_comparison_report

PROGRAM = "/anywhere/training/__main__.py"


@pytest.fixture(autouse=True)
def _without_git(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("training.publishing.card.commit", lambda: None)


def test_the_command_is_a_shell_line_without_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    arguments = ["sweep", "--set", "a b", "--storage", "postgresql://me:se/c:r@t@database/studies"]
    monkeypatch.setattr(sys, "argv", [PROGRAM, *arguments])
    expected = "python -m training sweep --set 'a b' --storage postgresql://me:***@database/studies"
    assert about("a study").command == expected

    arguments[-1] = "postgresql:///studies?user=me&password=secret&port=1"
    monkeypatch.setattr(sys, "argv", [PROGRAM, *arguments])
    assert about("a study").command.endswith("?user=me&password=***&port=1'")


def test_a_notebook_has_no_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["/somewhere/ipykernel_launcher.py", "-f", "/tmp/secret"])

    assert about("a study").command == ""


@pytest.mark.parametrize(
    ("commit", "said"),
    [("c0ffee", "c0ffee"), ("c0ffee+", "c0ffee (dirty: files differ from it)"), (None, "")],
)
def test_the_commit_says_whether_files_differ(
    commit: str | None, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("training.publishing.card.commit", lambda: commit)

    assert about("a study").commit == said


def test_facts_that_are_given_are_kept() -> None:
    began = datetime.now(UTC) - timedelta(hours=2)
    made = about("a study", data_digest="abc", seeds=[1, 2], device="2 × NVIDIA H200", began=began)

    assert (made.title, made.data, made.seeds) == ("a study", "abc", (1, 2))
    assert "2 × NVIDIA H200" in made.machine
    assert "core" in made.machine
    assert made.began == began.isoformat(timespec="seconds")
    assert made.seconds == pytest.approx(7200, abs=60)
    assert {"python", "keras"} <= set(made.versions)


def test_a_report_that_cannot_be_written_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(TrainingError, match=r"cannot write .*errors.csv .*: free some space"):
        write_comparison_report(tmp_path / "file", frames.ABOUT, frames.errors("a", "b"), [])


def test_reports_are_no_part_of_the_code_that_runs_depend_on() -> None:
    used = provenance.imported(["training.fitting.fit", "training.pipeline.finalize"])

    assert not [name for name in used if name.startswith("training.experiments")]
