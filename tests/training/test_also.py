"""Own photos in addition to a data set, through the command line: run, gate, report, card."""

import json
import shutil
from pathlib import Path

import pytest

from tests.training.backbones import write_photos
from tests.training.conftest import CommandLine, zipped
from training.__main__ import main
from training.model_cards import VERSION_CARD, read_card
from training.report import report_page
from training.runs.folders import read_run
from training.runs.references import run_folders

pytestmark = pytest.mark.integration

COUNTS = {"T-shirt_top": 30, "Ankle boot": 30, "other": 20}


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    folder = write_photos(tmp_path / "photos of mine", COUNTS)
    files = {str(each.relative_to(folder)): each.read_bytes() for each in folder.rglob("*.png")}
    path = tmp_path / "private" / "mine.zip"
    path.parent.mkdir()
    path.write_bytes(zipped(files))
    return path


def test_own_photos_are_trained_on_tested_and_named(
    train: CommandLine, mine: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert train("--also", "private/mine.zip", publish=False) == 0

    (folder,) = run_folders(Path("runs"))
    said = capsys.readouterr().out
    card = read_card(folder / "model_card.json")
    own, others = card["data"]["own"], card["data"]["others"]
    assert own["name"] == "mine.zip"
    assert sum(own[split] for split in ("training", "validation", "test")) == 60
    assert sum(others[split] for split in ("training", "validation", "test")) == 20
    assert own["classes"].keys() == {"T-shirt/top", "Ankle boot"}
    assert card["metrics"]["own"]["photos"] == own["test"]
    assert card["metrics"]["test"]["photos"] == 50
    assert {"own_test", "other_test"} <= card["recognition"]["recognized"].keys()
    assert f"; own photos {card['metrics']['own']['accuracy']:.2%} (on {own['test']})" in said
    assert "private" not in json.dumps(card)
    facts = read_run(folder)
    assert facts["parameters"]["own.photos"] == "mine.zip"
    assert facts["own_photos"] == str(mine)
    assert "held-out own photos right" in report_page(folder)
    assert "own_test,mine.zip/" in (folder / "predictions.csv").read_text("utf-8").replace(
        f"{mine.parent}/", ""
    )

    _is_published_from_where_the_photos_are(folder, mine, tmp_path, capsys)


def _is_published_from_where_the_photos_are(
    folder: Path, mine: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["runs", "show", str(folder)]) == 0
    shown = capsys.readouterr().out
    assert "test on own photos" in shown
    assert f"--also {mine}" in shown

    moved = tmp_path / "moved.zip"
    shutil.move(mine, moved)
    assert main(["publish", str(folder)]) == 2
    assert "there are no own photos" in capsys.readouterr().err

    assert main(["publish", str(folder), "--also", str(moved)]) == 0
    card = read_card(Path("models/clothing/1") / VERSION_CARD)
    assert card["gate"]["own_photos"] == card["data"]["own"]["test"]
    assert card["gate"]["own_difference"] is None


def test_photos_that_are_not_there_are_a_usage_error(
    train: CommandLine, capsys: pytest.CaptureFixture[str]
) -> None:
    assert train("--also", "nowhere") == 2
    assert "there are no own photos nowhere" in capsys.readouterr().err
