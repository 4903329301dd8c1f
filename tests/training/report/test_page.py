import os
import re
import warnings
from pathlib import Path

import numpy as np
import pytest

from tests.training.report.run_folders import CARD, LABELS, entry, run_folder, text_of
from training.metrics.evaluation import read_evaluation
from training.report import published_page, report_page
from training.report.pictures import curves, photos_picture
from training.report.tiles import tiles


def test_the_page_names_the_epoch_that_early_stopping_chose(tmp_path: Path) -> None:
    stopped = {**CARD["trained"], "epochs": {"fitted": 4, "best": 2}}
    source = report_page(run_folder(tmp_path, trained=stopped))

    text = text_of(source)
    assert "the weights are those of epoch 2, which has the lowest validation loss." in text
    assert " 2 (best) " in text
    assert "early stopping" not in text_of(report_page(run_folder(tmp_path))).lower()


def test_the_curves_mark_the_epoch_that_early_stopping_chose() -> None:
    history = [entry(n + 1, loss) for n, loss in enumerate((0.9, 0.5, 0.7, 0.9))]
    marked, plain = curves(history, 2), curves(history, None)

    differs = {
        one["what"]: one["light"] != other["light"]
        for one, other in zip(marked, plain, strict=True)
    }
    assert differs == {"loss": True, "accuracy": True, "seconds": False}


@pytest.mark.parametrize(
    ("start", "said"),
    [
        ({"run": "r/1", "epochs": 4, "continued": True}, "r/1, continued with epoch 5"),
        ({"version": "m/1", "epochs": 4, "continued": False}, "the weights of m/1, epoch 4"),
        (
            {"run": "r/1", "epochs": 4, "continued": False, "trained_on": {"test": 1200}},
            "the weights of r/1, epoch 4; trained there, or maybe: 1,200 test photos",
        ),
    ],
)
def test_the_page_says_what_the_run_started_from(
    tmp_path: Path, start: dict[str, object], said: str
) -> None:
    text = text_of(report_page(run_folder(tmp_path, started_from=start)))

    assert f"started from{said}" in text  # Two cells.


@pytest.mark.parametrize(
    ("weights", "said"),
    [("none", "--set class_weights=balanced weighs"), ("balanced", "The loss weighed")],
)
def test_the_page_says_that_the_training_photos_are_unbalanced(
    tmp_path: Path, weights: str, said: str
) -> None:
    classes = {"daisy": {"photos": 1200}, "rose": {"photos": 40}}
    text = text_of(
        report_page(
            run_folder(
                tmp_path,
                parameters={"seed": 1, "class_weights": weights},
                metrics={"training": {"photos": 1240, "classes": classes}},
            )
        )
    )

    assert "unbalanced: 1,200 photos of 'daisy' to 40 of 'rose'. " + said in text


@pytest.mark.parametrize(("accuracy", "said"), [(1.0, True), (0.99, False)])
def test_the_page_does_not_rely_on_a_temperature_without_mistakes(
    tmp_path: Path, accuracy: float, said: bool
) -> None:
    bins = [{"from": 0.9, "to": 1.0, "photos": 60, "confidence": 1.0, "accuracy": 1.0}]
    figures = {"ece": 0.1, "brier": 0.1, "loss": 0.1, "reliability": bins}
    calibration = {"calibrated": True, "temperature": 0.02, "fitted_on": 5, "bins": 15}
    test = {"before": figures, "after": figures}
    folder = run_folder(
        tmp_path,
        calibration={**calibration, "test": test},
        metrics={"validation": {"photos": 5, "accuracy": accuracy}},
    )

    assert ("All of these photos are predicted right" in text_of(report_page(folder))) == said


def shown_names(page: str) -> set[tuple[str, str]]:
    """Return the names below the photos of a page, each with its tooltip."""
    return set(re.findall(r'<p class="name" title="([^"]*)">(.*)</p>', page))


def test_each_photo_has_its_name_within_the_folder_of_all(tmp_path: Path) -> None:
    names = [f"/data/photos/{'ab'[index % 2]}/{index}.jpg" for index in range(60)]
    page = report_page(run_folder(tmp_path, names=names))

    assert page.count('<p class="name"') == page.count("<figure")
    shown = shown_names(page)
    assert ("/data/photos/a/0.jpg", "a/0.jpg") in shown
    assert {name for name, _ in shown} < set(names)
    assert all(name == f"/data/photos/{short}" for name, short in shown)
    assert "in predictions.csv beside this page" in text_of(page)


def test_long_and_odd_names_are_shortened_and_escaped(tmp_path: Path) -> None:
    long = "holidays in a far country/" * 9 + "IMG_20260714_183055.jpg"
    raw = os.fsdecode(b"caf\xe9")
    names = [f"/data/{long if index else '<b>&'}{raw}\n玫瑰" for index in range(60)]
    folder = run_folder(tmp_path, names=names)
    shown = shown_names(report_page(folder))
    assert ("/data/&lt;b&gt;&amp;caf��玫瑰", "&lt;b&gt;&amp;caf��玫瑰") in shown
    short = next(short for name, short in shown if "IMG" in name)
    assert short == "holidays in a …MG_20260714_183055.jpgcaf��玫瑰"
    assert len(short) == 44

    evaluation, photos = read_evaluation(folder)
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # Matplotlib's font lacks some of the letters.
        photos_picture(tiles(evaluation, photos, np.array([min(photos)])), tmp_path / "one.png")
    assert (tmp_path / "one.png").is_file()


def test_runs_of_earlier_releases_have_no_names(tmp_path: Path) -> None:
    folder = run_folder(tmp_path)
    with np.load(folder / "evaluation.npz") as arrays:
        np.savez(folder / "evaluation.npz", **{n: arrays[n] for n in arrays if n != "names"})

    page = report_page(folder)
    assert page.count("<figure") == 36
    assert 'class="name"' not in page
    assert "predictions.csv" not in page


@pytest.mark.parametrize("has_photos", [True, False])
def test_a_published_page_names_no_files(tmp_path: Path, has_photos: bool) -> None:
    names = [f"/home/ann/{number}.jpg" for number in range(60)]
    folder = run_folder(tmp_path, names=names)
    assert "ann" in report_page(folder)
    page = published_page(folder, {**CARD, "labels": list(LABELS)}, has_photos)
    assert "ann" not in page
    assert ".jpg" not in page
    assert "beside this page" not in page
    assert ("data:image/png" in page) is has_photos
    assert ("Most confident mistakes" in page) is has_photos
