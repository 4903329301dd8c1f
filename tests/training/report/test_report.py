"""The report of a run, written from the files of the run."""

import json
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from training.__main__ import main
from training.errors import TrainingError
from training.json_files import write_json
from training.metrics.evaluation import Evaluation, save_evaluation
from training.report import report_page, write_report
from training.report.pictures import curves

ROOT = Path(__file__).parents[3]
LABELS = ("T-shirt <top>", "Брюки & co", "bag $5")
PICTURES = ("curves.png", "confusion.png", "mistakes.png", "predictions.png")

CARD: dict[str, Any] = {
    "name": "clothing",
    "recipe": "clothing-tiny",
    "parameters": {"seed": 3, "epochs": 4, "network.units": [4, 8], "jit": "auto"},
    "preparation": "garment/1",
    "input_shape": [6, 5, 1],
    "data": {"name": "drawn", "sha256": "0123abcd" * 8, "training": 9, "validation": 3, "test": 60},
    "trained": {
        "seconds": 12.5,
        "hardware": {"device": "CPU", "processor": "A fast one", "cores": 2},
        "packages": {"keras": "3.15.1"},
        "commit": None,
    },
}


def entry(epoch: int, val_loss: float | None) -> dict[str, Any]:
    validation = {} if val_loss is None else {"val_loss": val_loss, "val_accuracy": 0.5}
    trained = {"epoch": epoch, "loss": 1 / epoch, "accuracy": 0.6}
    return {**trained, **validation, "seconds": 2.0, "images_per_second": 1234.0}


def run_folder(
    folder: Path,
    *,
    wrong: int = 20,
    channels: int = 1,
    losses: tuple[float | None, ...] = (0.9, 0.5, 0.7, 0.9),
    **card: Any,
) -> Path:
    """Write the files of a run whose model gets `wrong` of 60 test photos wrong."""
    folder.mkdir(parents=True, exist_ok=True)
    classes = np.arange(60) % 3
    chosen = (classes + (np.arange(60) < wrong)) % 3
    probabilities = np.eye(3, dtype=np.float32)[chosen] * 0.7 + 0.1
    photos = np.random.default_rng(0).integers(0, 256, (60, 6, 5, channels), np.uint8)
    save_evaluation(Evaluation(LABELS, classes, probabilities), photos, folder)
    write_json(folder / "model_card.json", {**CARD, "labels": LABELS, **card})
    write_json(folder / "history.json", [entry(n + 1, loss) for n, loss in enumerate(losses)])
    return folder


class Addresses(HTMLParser):
    """Collects what a page refers to, and its text."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("script", "link", "iframe", "object"):
            self.found.append(tag)
        self.found += [v or "" for name, v in attrs if name in ("src", "srcset", "href", "data")]

    def handle_data(self, data: str) -> None:
        self.text += data


def text_of(source: str) -> str:
    """Return the text of a page, with single spaces."""
    read = Addresses()
    read.feed(source)
    return " ".join(read.text.split())


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return the page of a typical run."""
    return report_page(run_folder(tmp_path_factory.mktemp("run")))


def test_the_page_is_self_contained(source: str) -> None:
    read = Addresses()
    read.feed(source)

    assert read.found
    assert all(address.startswith("data:image/") for address in read.found)
    assert "url(" not in source
    assert "@import" not in source


def test_the_page_describes_the_run_and_its_results(source: str) -> None:
    text = text_of(source)

    assert "66.67% of 60 test photos right (95% interval 54.06% to 77.27%)" in text
    assert "Overfitting starts after epoch 2:" in text
    assert "12 of 20 mistakes, the most confident first." in text
    assert "24 drawn at random." in text
    for label in LABELS:
        assert label in text
    for fact in ("clothing-tiny", "0123abcd" * 8, "4, 8", "A fast one", "3.15.1", "1,234"):
        assert fact in text
    assert "9 training, 3 validation, 60 test" in text


def test_precision_recall_and_confusion_are_those_of_the_test(tmp_path: Path) -> None:
    # Two mistakes of each class, predicted as the next class.
    source = report_page(run_folder(tmp_path, wrong=6))

    rows = [re.sub(r"(<[^>]*>|\s)+", " ", row) for row in source.split("<tr>")]
    assert " T-shirt &lt;top&gt; 20 90.0% 90.0% 90.0% " in rows
    assert " T-shirt &lt;top&gt; 18 2 · " in rows


def test_pictures_are_written_next_to_the_page(tmp_path: Path) -> None:
    write_report(run_folder(tmp_path, channels=3))

    for name in PICTURES:
        with Image.open(tmp_path / name) as picture:
            assert min(picture.size) > 100


def test_right_and_wrong_photos_are_marked(source: str) -> None:
    assert source.count('<figure class="right">') > 0
    assert source.count('<figure class="wrong">') > 12
    wrong = source.partition('<figure class="wrong">')[2].partition("</figure>")[0]
    assert '<li class="wrong" style="--share: 80.0%">' in wrong
    assert '<li class="right" style="--share: 10.0%">' in wrong
    right = source.partition('<figure class="right">')[2].partition("</figure>")[0]
    assert '<li class="right" style="--share: 80.0%">' in right
    assert "wrong" not in right


@pytest.mark.parametrize(
    ("losses", "message"),
    [
        ((0.9, 0.8, 0.7, 0.6), "The network does not overfit"),
        ((None, None, None), "there was no validation split"),
        ((0.9, 0.5), "At least 3 epochs are needed"),
        ((), "The run has no history of its epochs."),
    ],
)
def test_without_a_rise_or_a_validation_split_the_page_says_so(
    tmp_path: Path, losses: tuple[float | None, ...], message: str
) -> None:
    text = text_of(report_page(run_folder(tmp_path, losses=losses)))

    assert message in text
    assert "Overfitting starts" not in text


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


def test_the_page_shows_top_k_accuracies(source: str) -> None:
    assert "top-2 accuracy78.33%" in text_of(source)


def test_a_model_without_mistakes_has_no_picture_of_them(tmp_path: Path) -> None:
    (tmp_path / "mistakes.png").touch()
    write_report(run_folder(tmp_path, wrong=0, losses=()))

    page = (tmp_path / "report.html").read_text("utf-8")
    assert "There are no mistakes among the test photos." in page
    assert not (tmp_path / "curves.png").exists()
    assert not (tmp_path / "mistakes.png").exists()


@pytest.mark.parametrize(
    ("forced", "message"), [(False, "Not published"), (True, "Published by forc")]
)
def test_the_page_shows_the_faults_that_the_gate_found(
    tmp_path: Path, forced: bool, message: str
) -> None:
    gate = {
        "floor": 0.9,
        "serving": None,
        "difference": None,
        "note": "no version serves",
        "faults": ["its test accuracy is below the floor"],
        "forced": forced,
    }
    text = text_of(report_page(run_folder(tmp_path, losses=(), gate=gate)))

    assert message in text
    assert "its test accuracy is below the floor" in text
    assert "Note: no version serves." in text


def test_the_page_of_a_model_that_passed_the_gate_shows_the_comparison(tmp_path: Path) -> None:
    difference = {"estimate": 0.0123, "low": -0.001, "high": 0.02, "gained": 9, "lost": 2}
    gate = {"floor": 0.6, "serving": 4, "difference": difference, "note": "", "faults": []}
    text = text_of(report_page(run_folder(tmp_path, losses=(), gate=gate)))

    assert "Passed the publishing gate. Its floor is 60.0%. Compared with version 4 it has" in text
    assert "+1.23 points of accuracy on the same photos (95% interval -0.10 to +2.00)." in text


@pytest.mark.integration
def test_the_command_writes_the_report_again_without_tensorflow(tmp_path: Path) -> None:
    folder = run_folder(tmp_path, losses=())
    code = (
        "import sys; from training.__main__ import main; assert main(['report', sys.argv[1]]) == 0;"
        " assert not {'keras', 'tensorflow'} & set(sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, folder], cwd=ROOT, check=True, capture_output=True, text=True
    )

    assert done.stdout == f"report: {folder}/report.html\n"
    assert (folder / "report.html").is_file()


@pytest.mark.parametrize("missing", ["model_card.json", "evaluation.npz"])
def test_a_folder_that_is_not_a_run_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], missing: str
) -> None:
    (run_folder(tmp_path) / missing).unlink()

    assert main(["report", str(tmp_path)]) == 1
    message = f"error: {tmp_path} has no {missing}: it is not the folder of a finished run\n"
    assert capsys.readouterr().err == message


def test_a_damaged_model_card_is_reported(tmp_path: Path) -> None:
    folder = run_folder(tmp_path)
    (folder / "model_card.json").write_text(json.dumps(CARD)[:20])

    with pytest.raises(TrainingError, match=r"cannot read the model card .*model_card\.json"):
        write_report(folder)
