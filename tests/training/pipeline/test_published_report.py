"""What of a run's report is published with a version, and when there is none."""

import builtins
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from tests.training.report.run_folders import CARD, LABELS, run_folder
from training.pipeline import published_report as module
from training.pipeline.published_report import published_report
from training.publishing.saved_model import compressed
from training.recipe import ANY_PHOTOS

PUBLIC, OWN = "fashion-mnist", ANY_PHOTOS


def report(folder: Path, dataset: str, console: Console | None = None) -> str | None:
    card = {**CARD, "labels": list(LABELS)}
    return published_report(folder, card, dataset, console or Console(quiet=True))


def test_photos_are_shown_only_of_public_data_sets(tmp_path: Path) -> None:
    folder = run_folder(tmp_path)
    public, own = report(folder, PUBLIC), report(folder, OWN)
    assert public
    assert "data:image/png" in public
    assert own
    assert "data:image/png" not in own


def test_a_report_that_is_too_large_leaves_its_photos_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = run_folder(tmp_path)
    own = report(folder, OWN)
    assert own
    monkeypatch.setattr(module, "MAX_BYTES", len(compressed(own)))
    assert report(folder, PUBLIC) == own


def test_a_report_that_is_too_large_without_photos_is_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_BYTES", 100)
    console = Console(record=True, width=500)
    assert report(run_folder(tmp_path), PUBLIC, console) is None
    assert "published without its report, which is above 100 bytes" in console.export_text()


def test_a_run_without_an_evaluation_has_no_report(tmp_path: Path) -> None:
    console = Console(record=True, width=500)
    assert report(tmp_path, PUBLIC, console) is None
    assert "published without a report" in console.export_text()


def test_without_matplotlib_there_is_no_report(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import_module = builtins.__import__

    def without(name: str, *arguments: Any) -> Any:
        if name == "training.report":
            raise ModuleNotFoundError("No module named 'matplotlib'", name="matplotlib")
        return import_module(name, *arguments)

    monkeypatch.setattr(builtins, "__import__", without)
    console = Console(record=True, width=500)
    assert report(run_folder(tmp_path), PUBLIC, console) is None
    assert "matplotlib" in console.export_text()
