"""`run --from` on the command line."""

import errno
import json
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.e2e.training_runs import ROOT, TIMEOUT_SECONDS, variables
from tests.training.conftest import TINY, CommandLine
from training.__main__ import main
from training.data.loaders.fashion_mnist import load_fashion_mnist
from training.networks.building import network_to_fit
from training.networks.starting_weights import first_difference, set_weights
from training.overrides import override
from training.publishing.published_model import PublishedModel
from training.publishing.published_weights import published_weights
from training.recipes import RECIPES
from training.runs.folders import read_run
from training.runs.history import read_history
from training.trust.calibration import uncalibrated

pytestmark = pytest.mark.integration

FITS = """
import glob, sys
from training.__main__ import main
from training.errors import TrainingError
from training.pipeline import train

def end(*_):
    raise TrainingError("it is fitted, and that is all")

train.finalize = end
main(["run", "clothing-cnn", *sys.argv[1:], "--set", "epochs=2"])
(run,) = glob.glob("runs/clothing-cnn/*")
main(["run", "clothing-cnn", *sys.argv[1:], "--set", "epochs=4"])
main(["run", "--from", run, "--set", "epochs=4"])
"""
EVERYTHING = (  # That has a state: moments, averages, dropout, the best epoch, augmentation.
    *("optimizer=sgd", "momentum=0.9", "schedule=constant", "warmup_epochs=0", "averaging=0.5"),
    *("early_stopping=9", "network.blocks=0,0", "precision=float32"),
)


def assignments(*settings: str) -> list[str]:
    return [word for setting in settings for word in ("--set", setting)]


def state(run: Path) -> list[np.ndarray]:
    """Return all that the last checkpoint of a run holds of network, optimizer and best epoch."""
    (checkpoint,) = (run / "checkpoints").iterdir()
    with np.load(checkpoint) as file:
        return [file[name] for name in sorted(file.files) if name != "facts"]


@pytest.mark.parametrize("backend", ["tensorflow", "jax"])
def test_a_run_continued_is_bit_for_bit_one_of_that_length(garments: Path, backend: str) -> None:
    pytest.importorskip(backend)
    words = ["--data", str(garments), "--deterministic"]
    words += assignments(*TINY, "batch_size=20", *EVERYTHING)
    environment = variables(KERAS_BACKEND=backend, PYTHONPATH=str(ROOT), PHOTOLABEL_CACHE="cache")

    done = subprocess.run(
        [sys.executable, "-c", FITS, *words],
        env=environment,
        timeout=TIMEOUT_SECONDS,
        capture_output=True,
        text=True,
    )

    assert done.stderr.splitlines() == 3 * ["error: it is fitted, and that is all"]
    two, four, continued = sorted(
        Path("runs/clothing-cnn").iterdir(), key=lambda run: (run / "run.json").stat().st_mtime
    )
    assert f"continues clothing-cnn/{two.name} with epoch 3 of 4\n" in done.stdout
    for found, expected in zip(state(continued), state(four), strict=True):
        assert np.array_equal(found, expected)
    histories = [read_history(run) for run in (continued, four)]
    losses = [[entry["val_loss"] for entry in history] for history in histories]
    assert losses[0] == losses[1]
    before, facts = read_run(two), read_run(continued)
    assert facts["start"] == {
        "run": f"clothing-cnn/{two.name}",
        "epochs": 2,
        "continued": True,
    }
    assert facts["trained"]["seconds"] > before["trained"]["seconds"]


def test_a_run_whose_beginning_failed_still_continues_the_other_one(
    train: CommandLine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert train(publish=False) == 0
    (before,) = Path("runs/clothing-cnn").iterdir()
    more = ["run", "--from", str(before), "--set", "epochs=2"]

    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as disk:
        disk.setattr(shutil, "copyfile", full)
        assert main(more) == 1
    assert "cannot copy the state of clothing-cnn/" in capsys.readouterr().err

    assert main(more) == 0
    assert "resumes from" not in capsys.readouterr().out.partition("with epoch 2 of 2")[0]
    (after,) = {*Path("runs/clothing-cnn").iterdir()} - {before}
    first, _ = read_history(after)
    assert first == read_history(before)[0]
    assert read_run(after)["start"]["continued"]


def card(version: int) -> dict[str, Any]:
    path = Path(f"models/clothing/{version}/assets.extra/model_card.json")
    found: dict[str, Any] = json.loads(path.read_text())
    return found


def test_a_run_starts_from_a_version_with_its_run_and_without(
    train: CommandLine, garments: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert train("--set", "held_out=0.2") == 0
    lower = [
        "run",
        "--from",
        "clothing/1",
        *assignments("learning_rate=0.0001"),
        "--publish",
        "--force",
    ]
    capsys.readouterr()

    assert main(lower) == 0
    output = capsys.readouterr().out
    assert "starts from the weights of clothing/1, of epoch 1 there, with a new optim" in output
    assert "batch normalisation" not in output
    assert card(2)["started_from"] == {"version": "clothing/1", "epochs": 1, "continued": False}
    assert card(2)["parameters"]["held_out"] == 0.2

    assert main(lower) == 0
    assert "is finished, published as models/clothing/2" in capsys.readouterr().out

    shutil.rmtree("runs")
    assert main([*lower, "--data", str(garments)]) == 0
    assert "; its batch normalisation, which is part of the conv" in capsys.readouterr().out


def test_the_weights_of_a_version_compute_what_it_does_before_calibration(
    train: CommandLine, garments: Path
) -> None:
    assert train() == 0
    version, data = Path("models/clothing/1"), load_fashion_mnist(garments, held_out=0.05)
    recipe = replace(override(RECIPES["clothing-cnn"], TINY), model="clothing")
    network = network_to_fit(recipe, 10)

    weights = published_weights(version, card(1))
    assert not first_difference(network, weights)
    set_weights(network, weights, [(data.training.photos[:50], data.training.classes[:50])])

    temperature = card(1)["calibration"]["temperature"]
    assert temperature != 1
    published = PublishedModel(version).probabilities(data.test.photos)
    expected = uncalibrated(published, temperature)
    found = network.predict_on_batch(np.asarray(data.test.photos[:]))
    assert np.allclose(found, expected, atol=1e-4)
    assert np.ptp(expected, axis=0).max() > 1e-3


def test_what_can_not_be_started_from_is_refused_in_one_line(
    train: CommandLine, garments: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert train() == 0
    start = ["run", "clothing-cnn", "--from", "clothing/1", "--data", str(garments)]
    refused = [
        ([], "a run can't start from clothing/1: layer stem0: 3×3×1×4 there, 3×3×1×16 here\n"),
        (["--set", "network.blocks=2,1"], "there is no layer stage0_block0_first there\n"),
    ]
    for words, message in refused:
        capsys.readouterr()
        assert main([*start, *(assignments(*TINY) if words else []), *words]) == 1
        error = capsys.readouterr().err
        assert error.startswith("error: ")
        assert error.endswith(message)
        assert error.count("\n") == 1
    for words, status, message in (
        (["run", "--from", "clothing/9"], 1, "clothing has no version 9 in models; it has 1"),
        (["run"], 2, "give a RECIPE (`python -m training recipes` lists them) or --from RUN"),
    ):
        assert main(words) == status
        assert capsys.readouterr().err == f"error: {message}\n"
    assert len(list(Path("runs/clothing-cnn").iterdir())) == 1
