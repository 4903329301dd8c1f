from pathlib import Path

import pytest

from tests.training.report.run_folders import CARD, entry, run_folder, text_of
from training.report import report_page
from training.report.pictures import curves


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
