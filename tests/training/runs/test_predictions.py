"""`predictions.csv`, as `csv` reads it."""

import csv
import os
from pathlib import Path

import numpy as np
import pytest

from tests.docs.commands import blocks
from tests.training.conftest import largest_file
from training.errors import TrainingError
from training.metrics.evaluation import Evaluation
from training.runs.predictions import SplitPredictions, write_predictions

LABELS = ("T-shirt/top", 'red, "dark"', "роза")
FIXED = ["split", "path", "truth", "label", "correct", "confidence", "recognized"]
NAMES = (
    "/a, b/1.jpg",
    '/say "cheese".jpg',
    "/two\nlines.jpg",
    "/=1+1.jpg",
    "/роза.jpg",
    "/cr\rlf.jpg",
)


def read(path: Path) -> list[dict[str, str]]:
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def evaluation(probabilities: np.ndarray) -> Evaluation:
    """Return the evaluation of photos whose classes are 0, 1, 2, 0, …"""
    return Evaluation(LABELS, np.arange(len(probabilities)) % 3, probabilities.astype(np.float32))


def test_a_row_has_the_path_the_labels_and_the_probabilities(tmp_path: Path) -> None:
    path = tmp_path / "predictions.csv"
    found = evaluation(np.array([[0.1, 0.7, 0.2], [0.25, 0.5, 0.25]]))
    write_predictions(
        path,
        [
            SplitPredictions("validation", ["/1.png", "/2.png"], found, np.array([True, False])),
            SplitPredictions("test", ["/3.png", "/4.png"], found),
        ],
    )

    columns = [f"probability of {label}" for label in LABELS]
    rows = read(path)
    assert list(rows[0]) == [*FIXED, *columns]
    wrong = ["T-shirt/top", LABELS[1], "false", "0.7"]
    right = [LABELS[1], LABELS[1], "true", "0.5"]
    assert [list(row.values()) for row in rows] == [
        ["validation", "/1.png", *wrong, "true", "0.1", "0.7", "0.2"],
        ["validation", "/2.png", *right, "false", "0.25", "0.5", "0.25"],
        ["test", "/3.png", *wrong, "", "0.1", "0.7", "0.2"],
        ["test", "/4.png", *right, "", "0.25", "0.5", "0.25"],
    ]


def test_odd_names_read_back_and_others_are_escaped(tmp_path: Path) -> None:
    path, names = tmp_path / "predictions.csv", [*NAMES, os.fsdecode(b"/caf\xe9.jpg")]
    found = evaluation(np.full((len(names), 3), 1 / 3))
    write_predictions(path, [SplitPredictions("test", names, found)])

    assert [row["path"] for row in read(path)] == [*NAMES, "/caf\\udce9.jpg"]


def test_the_accuracy_of_the_file_is_exactly_that_of_the_evaluation(tmp_path: Path) -> None:
    """Also where probabilities are equal, or neighbours among the numbers of float32."""
    random = np.random.default_rng(0)
    first = random.random((3000, 1), np.float32) / 3
    probabilities = np.repeat(first, 3, axis=1)
    probabilities[:1000, 1] = np.nextafter(probabilities[:1000, 0], np.float32(1))
    probabilities[1000:2000, 2] = np.nextafter(probabilities[1000:2000, 0], np.float32(1))
    probabilities[2500:] = random.dirichlet([0.01] * 3, 500)
    found = evaluation(probabilities)
    path = tmp_path / "predictions.csv"
    write_predictions(path, [SplitPredictions("test", [""] * 3000, found)])

    rows = read(path)
    written = np.array(
        [[float(row[f"probability of {label}"]) for label in LABELS] for row in rows]
    )
    assert np.array_equal(written.argmax(axis=1), found.predicted)
    assert np.array_equal(written.astype(np.float32), found.probabilities)
    assert [row["label"] for row in rows] == [LABELS[index] for index in found.predicted]
    assert np.mean([row["label"] == row["truth"] for row in rows]) == found.metrics()["accuracy"]


def test_a_file_that_cannot_be_written_stays_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "predictions.csv"
    path.write_text("before")
    predictions = SplitPredictions("test", ["x" * 99] * 999, evaluation(np.full((999, 3), 1 / 3)))

    with largest_file(2**14), pytest.raises(TrainingError, match=r"cannot write .*predictions"):
        write_predictions(path, [predictions])

    assert path.read_text() == "before"
    assert os.listdir(tmp_path) == ["predictions.csv"]


def test_the_example_in_the_documentation_lists_the_mistakes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    found = evaluation(np.array([[0.8, 0.1, 0.1], [0.6, 0.2, 0.2], [0.1, 0.9, 0]]))
    splits = [
        SplitPredictions(split, ["/1", "/2", "/3"], found) for split in ("validation", "test")
    ]
    write_predictions(tmp_path / "predictions.csv", splits)
    monkeypatch.chdir(tmp_path)
    (example,) = [b.text for b in blocks() if b.form == "python" and "predictions.csv" in b.text]

    exec(compile(example, "docs", "exec"), {})

    assert capsys.readouterr().out.splitlines() == [
        '/3: роза, not red, "dark" (0.9)',
        '/2: red, "dark", not T-shirt/top (0.6)',
    ]
