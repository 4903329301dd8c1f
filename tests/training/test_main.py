"""The command line, with tiny runs from data to published version."""

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import tensorflow as tf

from serving.repository.versions import published_versions
from tests.training.conftest import TINY, CommandLine
from training.__main__ import main
from training.errors import TrainingError
from training.recipes import DEFAULTS, RECIPES

ROOT = Path(__file__).parents[2]
TIMES = r"fitted in \d+ s, \d+ s with loading, calibration and evaluation"
TIMEOUT_SECONDS = 300  # The machine may be busy with other things.


def test_a_run_publishes_a_model_with_its_accuracy_and_provenance(
    train: CommandLine, capsys: pytest.CaptureFixture[str]
) -> None:
    assert train("--seed", "5", "--set", "augmentation.shift=1") == 0

    card = json.loads(Path("models/clothing/1/assets.extra/model_card.json").read_text())
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "clothing-cnn: 93.8% in 14 min on 2 cores (without the changes by --set)"
    assert lines[1] == "clothing-cnn, seed 5, on CPU with TensorFlow"
    assert lines[2].startswith("fashion-mnist: 190 photos to train on, 10 for validation, 50 for")
    assert lines[3].startswith("epoch 1/1  loss ")
    assert "validation" in lines[3]
    accuracy = f"{card['metrics']['test']['accuracy']:.2%}"
    assert any(line.startswith("report: runs/clothing-cnn/") for line in lines)
    validation = f"{card['metrics']['validation']['accuracy']:.2%}"
    summary = f"clothing-cnn: validation {validation}, test {accuracy} (accuracy on 50 photos), "
    assert re.match(re.escape(summary) + TIMES, lines[-1])
    assert lines[-1].endswith("published as models/clothing/1")
    assert not any("test accuracy" in line or f"test {accuracy}" in line for line in lines[:-1])
    promise = "10 validation photos only guarantee that 90.9% of new photos are recognized"
    assert any(promise in line for line in lines)

    assert card["recipe"] == "clothing-cnn"
    assert card["parameters"]["seed"] == 5
    assert card["parameters"]["augmentation.shift"] == 1
    assert card["parameters"]["network.stages"] == [4, 8]
    assert card["labels"][9] == "Ankle boot"
    assert card["preparation"] == "garment/2"
    assert card["input_shape"] == [28, 28, 1]
    assert len(card["data"]["sha256"]) == 64
    assert [card["data"][name] for name in ("training", "validation", "test")] == [190, 10, 50]
    assert set(card["metrics"]) == {"training", "validation", "test"}
    assert 0 <= card["metrics"]["training"]["accuracy"] <= 1
    assert card["metrics"]["test"]["classes"]["Bag"]["photos"] == 5
    assert card["trained"]["packages"]["tensorflow"].startswith("2.20.")
    assert card["trained"]["hardware"]["cores"] == os.cpu_count()
    assert card["trained"]["seconds"] > 0
    del card["metrics"]["test"]["mistakes"]  # Pictures in base64 may contain anything.
    for private in (str(ROOT), str(Path.home()), os.uname().nodename):
        assert private not in json.dumps(card)


@pytest.mark.integration
def test_a_run_on_cats_and_dogs_publishes_two_classes(pets: Path) -> None:
    small = ("network.stem=4,4", "network.stages=8,8,8", "fit_size=32", "epochs=1")
    tiny = [word for assignment in small for word in ("--set", assignment)]

    assert main(["run", "cats-dogs-cnn", "--data", str(pets), *tiny, "--publish"]) == 0

    card = json.loads(Path("models/cats-dogs/1/assets.extra/model_card.json").read_text())
    assert card["labels"] == ["cat", "dog"]
    assert card["preparation"] == "squash/1"
    assert card["input_shape"] == [150, 150, 3]
    assert sum(card["data"][name] for name in ("training", "validation", "test")) == 40
    assert card["data"]["split_seed"] == 1


def test_a_trained_network_survives_a_failed_publication(
    train: CommandLine, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*arguments: object) -> int:
        raise TrainingError("not published: the disk is full")

    with monkeypatch.context() as full:
        full.setattr("training.pipeline.publish_run.publish", refuse)
        assert train() == 1

    error = capsys.readouterr().err
    assert error.startswith("error: not published: the disk is full. The run is kept, to publish")
    run = Path(error.strip().rpartition(" ")[2])
    assert json.loads((run / "run.json").read_text())["status"] == "evaluated"
    assert (run / "trained.keras").is_file()
    assert json.loads((run / "model_card.json").read_text())["name"] == "clothing"

    assert main(["publish", run.name]) == 0
    assert "epoch 1/" not in capsys.readouterr().out, "a trained network is not trained again"
    assert published_versions(Path("models/clothing")) == [1]


@pytest.mark.integration
@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (["run", "shoes"], 2, "there is no recipe 'shoes'; there are cats-dogs-cnn, "),
        (["run", "--default-of", "shoes"], 2, "there is no model 'shoes'; there are clothing, "),
        (["run", "clothing-cnn", "--set", "epoch=1"], 2, "clothing-cnn has no setting 'epoch'; "),
        (["run", "clothing-cnn", "--seed", "x"], 2, "seed is a whole number (now 1), not 'x'"),
        (["run", "clothing-cnn", "--data", "none"], 1, "the data folder none does not exist"),
        (
            ["run", "clothing-cnn", "--publish", "--models", "file"],
            1,
            "models can't be published: cannot wri",
        ),
        (["run", "clothing-cnn", "--device", "gpu"], 1, "--device gpu: TensorFlow sees no GPU; "),
    ],
    ids=["recipe", "model", "setting", "seed", "data", "models", "device"],
)
def test_errors_are_one_line(
    capsys: pytest.CaptureFixture[str], arguments: list[str], status: int, message: str
) -> None:
    Path("file").touch()

    assert main(arguments) == status

    error = capsys.readouterr().err
    assert error.startswith(f"error: {message}")
    assert error.count("\n") == 1


def test_an_unwritable_folder_of_runs_is_reported_before_training(
    train: CommandLine, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("file").touch()

    assert train("--runs", "file") == 1
    assert "cannot write into the folder of runs file" in capsys.readouterr().err


def test_out_of_memory_is_one_line(
    train: CommandLine, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def exhaust(*arguments: object) -> None:
        raise tf.errors.ResourceExhaustedError(None, None, "OOM when allocating tensor")

    monkeypatch.setattr("training.pipeline.fit_run.fit", exhaust)
    assert train() == 1
    assert capsys.readouterr().err.startswith("error: out of memory: try a smaller --set batch_siz")


@pytest.mark.parametrize("arguments", [[], ["run", "a", "--default-of", "b"], ["walk"]])
def test_a_wrong_command_prints_the_usage(
    capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    with pytest.raises(SystemExit) as raised:
        main(arguments)

    assert raised.value.code == 2
    assert "usage: python -m training" in capsys.readouterr().err


def test_recipes_are_listed_with_their_data_set_and_result(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "400")
    assert main(["recipes"]) == 0

    table = capsys.readouterr().out
    for recipe in RECIPES.values():
        assert all(
            part in table for part in (recipe.name, recipe.what, recipe.dataset, recipe.expected)
        )
    for model in DEFAULTS:
        assert table.count(f"(default of {model}") == 2


def test_tables_are_whole_in_80_columns(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")

    assert main(["recipes"]) == main(["recipes", "images-mobilenet"]) == 0

    assert "…" not in capsys.readouterr().out


@pytest.mark.integration
def test_listing_recipes_and_usage_errors_import_no_framework() -> None:
    code = (
        "import sys; from training.__main__ import main; main(['recipes']);"
        " assert main(['run', 'clothing-cnn', '--set', 'epochs=0']) == 2;"
        " assert not {'keras', 'tensorflow', 'numpy'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True)


@pytest.mark.integration
def test_an_interrupted_run_ends_with_one_line_and_publishes_nothing(
    garments: Path, tmp_path: Path
) -> None:
    tiny = [word for assignment in (*TINY, "epochs=100000") for word in ("--set", assignment)]
    folders = [
        "--data",
        str(garments),
        "--models",
        f"{tmp_path}/models",
        "--runs",
        f"{tmp_path}/runs",
    ]
    command = [sys.executable, "-m", "training", "run", "clothing-cnn", *folders, *tiny]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1", "TF_CPP_MIN_LOG_LEVEL": "3"}
    pipe = subprocess.PIPE
    run = subprocess.Popen(command, cwd=ROOT, stdout=pipe, stderr=pipe, text=True, env=environment)
    assert run.stdout is not None
    while not run.stdout.readline().startswith("epoch 2/"):
        assert run.poll() is None
    run.send_signal(signal.SIGINT)
    _, error = run.communicate(timeout=TIMEOUT_SECONDS)

    assert run.returncode == 130
    assert error.splitlines()[-1] == "interrupted"
    assert "Traceback" not in error
    assert published_versions(tmp_path / "models" / "clothing") == []


def test_a_folder_that_must_not_be_read_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied", "/data/train.zip")

    monkeypatch.setattr("training.commands.run.train", refuse)

    assert main(["run", "clothing-fast"]) == 1
    assert capsys.readouterr().err == "error: permission denied: /data/train.zip\n"


def test_output_that_cannot_be_written_is_one_line() -> None:
    buffered = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    command = [sys.executable, "-m", "training", "recipes"]
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            command, stdout=full, stderr=subprocess.PIPE, cwd=ROOT, env=buffered, check=False
        )
    assert done.returncode == 1
    assert done.stderr == b"error: the output can't be written: No space left on device\n"
