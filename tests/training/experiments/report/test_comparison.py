"""The report of a comparison."""

import itertools
from pathlib import Path

import numpy as np
import pandas as pd

from tests.training.experiments.report.frames import ABOUT, errors, verdict
from tests.training.experiments.report.pages import check_page
from training.experiments.report import write_comparison_report


def test_the_page_says_the_verdict_and_shows_the_errors(tmp_path: Path) -> None:
    frame = errors("small", "large")
    text = check_page(write_comparison_report(tmp_path, ABOUT, frame, [verdict("small", "large")]))

    assert "small, large, each trained from fresh random weights on the same 20 random" in text
    assert text.count("Small is better than large by 0.8 ± 0.2 points.") == 2
    figures = "-0.80 -1.00 to -0.60 < 0.001 < 0.001 +1.25 20 90"
    assert figures in text.replace("\N{MINUS SIGN}", "-")
    assert {path.name for path in tmp_path.iterdir()} == {
        *("report.html", "errors.csv", "verdicts.csv", "errors.png", "differences.png"),
    }
    pd.testing.assert_frame_equal(pd.read_csv(tmp_path / "errors.csv"), frame)


def test_of_many_pairs_the_head_names_those_with_a_difference(tmp_path: Path) -> None:
    names = ("tiny-1", "small-1", "large-1", "huge-1")
    pairs = [verdict(*pair, p=0.5) for pair in itertools.combinations(names, 2)]
    pairs[2] = verdict("tiny-1", "huge-1")
    page = write_comparison_report(tmp_path, ABOUT, errors(*names, splits=100), pairs)

    head = check_page(page).partition("Errors")[0]
    assert "tiny-1 is better than huge-1 by 0.8 ± 0.2 points." in head
    assert "For 5 of the 6 pairs no difference can be shown." in head
    assert "small-1 is better" not in head


def test_failed_trainings_and_single_splits_have_a_page(tmp_path: Path) -> None:
    frame = errors("<b>a", "b", splits=1)
    single = verdict("<b>a", "b", difference=np.nan, p=np.nan)
    text = check_page(write_comparison_report(tmp_path, ABOUT, frame, [single]))
    assert "the same 1 random split and" in text

    frame["b"] = np.nan
    check_page(write_comparison_report(tmp_path, ABOUT, frame, [single]))
    text = check_page(write_comparison_report(tmp_path, ABOUT, frame.iloc[:0], []))
    assert "There is nothing to compare yet." in text
