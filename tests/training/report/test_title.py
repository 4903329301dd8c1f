import re
from pathlib import Path
from typing import Any

import pytest

from tests.training.report.run_folders import run_folder
from tests.training.runs.listed import listed_run
from training.__main__ import main
from training.report import report_page

FLOWERS: dict[str, Any] = {
    "recipe": "images-mobilenet",
    "model": "flowers",
    "changed": {"epochs": 5, "seed": 3},
}


@pytest.mark.parametrize(
    ("status", "facts", "title"),
    [
        (
            "published",
            {**FLOWERS, "version": "models/flowers/3"},
            "flowers/3: images-mobilenet, epochs=5, seed=3",
        ),
        (
            "evaluated",
            {**FLOWERS, "deterministic": True},
            "flowers (not published): images-mobilenet, epochs=5, seed=3, deterministic",
        ),
        ("refused", {}, "clothing (not published): clothing-cnn"),
        (
            "evaluated",
            {"changed": {"network.weights": "<b>.h5"}},
            "clothing (not published): clothing-cnn, network.weights=&lt;b&gt;.h5",
        ),
    ],
)
def test_title_and_heading_tell_which_run_a_report_is_about(
    tmp_path: Path, status: str, facts: dict[str, Any], title: str
) -> None:
    page = report_page(run_folder(listed_run(tmp_path, status, **facts)))

    assert re.findall(r"<(title|h1)>(.*)</\1>", page) == [("title", title), ("h1", title)]


def test_a_report_can_be_written_without_the_facts_of_the_run(tmp_path: Path) -> None:
    assert "<h1>clothing: clothing-tiny</h1>" in report_page(run_folder(tmp_path))


def test_a_report_is_written_again_by_the_key_of_its_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = run_folder(listed_run(tmp_path / "elsewhere", "evaluated"))

    assert main(["report", "3f22", "--runs", "elsewhere"]) == 0
    path = Path("elsewhere", folder.relative_to(tmp_path / "elsewhere"), "report.html")
    assert capsys.readouterr().out == f"report: {path}\n"
