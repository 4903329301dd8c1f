"""The report of a run, written from the files of the run."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from tests.training.report.run_folders import CARD, LABELS, Addresses, run_folder, text_of
from training.__main__ import main
from training.errors import TrainingError
from training.report import report_page, write_report

ROOT = Path(__file__).parents[3]
PICTURES = ("curves.png", "confusion.png", "mistakes.png", "predictions.png")


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


def test_the_page_names_the_epochs_and_all_hardware(tmp_path: Path) -> None:
    further = [{"device": "H200", "cores": 1600}]
    trained = {**CARD["trained"], "epochs": {"fitted": 4}, "continued_on": further}
    text = text_of(report_page(run_folder(tmp_path, trained=trained)))

    assert "epochsfitted 4 " in text
    assert "continued ondevice H200, cores 1,600 " in text


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
