"""The unknown photos that a model recognizes with the highest scores, in the report of its run."""

from pathlib import Path

import numpy as np

from tests.training.report.run_folders import LABELS, Addresses, run_folder, text_of
from training.model_cards import read_run_card
from training.report import published_page, report_page
from training.trust.accepted_unknowns import SHOWN, accepted, save_accepted

HEADING = "Unknown photos that it recognizes"


def photos(count: int) -> np.ndarray:
    return np.random.default_rng(1).integers(0, 256, (count, 6, 5, 1), np.uint8)


def probabilities(count: int) -> np.ndarray:
    return np.tile(np.array([0.1, 0.7, 0.2], np.float32), (count, 1))


def tiles_in(source: str) -> int:
    read = Addresses()
    read.feed(source)
    return sum(address.startswith("data:image/png") for address in read.found)


def test_they_are_shown_with_their_set_and_what_they_are_taken_for(tmp_path: Path) -> None:
    before = tiles_in(report_page(run_folder(tmp_path)))
    few = accepted("cats & dogs", photos(3), np.array([5.0, 1.0, 7.0]), probabilities(3), 4.0)
    many = accepted("digits", photos(30), np.arange(30.0), probabilities(30), 28.0)
    save_accepted(few.joined(many), tmp_path)

    source = report_page(tmp_path)

    assert tiles_in(source) == before + 4
    text = text_of(source)
    assert HEADING in text
    shown = text[text.index(HEADING) :]
    order = [shown.index(name) for name in ("of the set digits", "of the set cats & dogs")]
    assert order == sorted(order), "the highest scores come first"
    assert shown.count(f"✗ {LABELS[1]}") >= 4


def test_a_published_report_never_has_them(tmp_path: Path) -> None:
    folder = run_folder(tmp_path)
    save_accepted(accepted("digits", photos(3), np.ones(3), probabilities(3), 0.0), folder)

    assert HEADING not in published_page(folder, read_run_card(folder), has_photos=True)


def test_there_are_few_of_them_and_none_if_nothing_is_recognized(tmp_path: Path) -> None:
    found = accepted("digits", photos(30), np.arange(30.0), probabilities(30), 0.0)
    assert len(found) == len(found.joined(found)) == SHOWN
    nothing = accepted("digits", photos(30), np.arange(30.0), probabilities(30), 99.0)
    save_accepted(nothing, run_folder(tmp_path))

    assert HEADING not in report_page(tmp_path)


def test_a_damaged_file_leaves_the_report_without_them(tmp_path: Path) -> None:
    folder = run_folder(tmp_path)
    (folder / "accepted_unknowns.npz").write_bytes(b"PK torn")

    assert HEADING not in report_page(folder)
