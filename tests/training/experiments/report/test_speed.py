"""The report of measurements of speed."""

from pathlib import Path

import numpy as np

from tests.training.experiments.report.frames import ABOUT, timings
from tests.training.experiments.report.pages import check_page
from training.experiments.report import write_speed_report


def test_the_page_says_what_is_fastest_and_shows_the_spread(tmp_path: Path) -> None:
    page = write_speed_report(tmp_path, ABOUT, timings())

    text = check_page(page)
    assert "Batch sizes 32 / 64 / 512, 3 repetitions of each" in text
    assert "Fastest is batch size 512 with parallel loading: 2.02 s per epoch, 2,970 images" in text
    assert "Slowest is 64 with serial loading: it takes 3.0 times as long." in text
    assert "32 serial 6.02 6.01 to 6.03 997 3" in text
    source = page.read_text("utf-8")
    assert all(f">{label}</text>" in source for label in (32, 64, 512, "serial loading"))
    assert {path.name for path in tmp_path.iterdir()} == {"report.html", "speed.png"}


def test_what_could_not_be_measured_is_listed_once(tmp_path: Path) -> None:
    frame = timings().assign(reason="")
    frame.loc[frame["batch_size"] == 512, ["seconds_per_epoch", "images_per_second"]] = np.nan
    frame.loc[frame["batch_size"] == 512, "reason"] = "out of <memory>"

    text = check_page(write_speed_report(tmp_path, ABOUT, frame))
    assert text.count("512 serial out of <memory>") == 1

    nothing = frame[frame["batch_size"] == 512]
    assert "Nothing could be measured." in check_page(write_speed_report(tmp_path, ABOUT, nothing))
