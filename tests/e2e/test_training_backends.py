"""Fitting with JAX and no TensorFlow, publishing with TensorFlow; fitting on two devices."""

import json
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.e2e.training_runs import ROOT, TIMEOUT_SECONDS, Workspace, variables

pytestmark = pytest.mark.e2e

WITHOUT_TENSORFLOW = str(Path(__file__).parent / "without_tensorflow")


def test_a_network_fitted_without_tensorflow_is_published_with_it(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path / "workspace")
    without: dict[str, Any] = {"PYTHONPATH": WITHOUT_TENSORFLOW}

    status, _, error = workspace.start(epochs=1, **without).wait()
    assert (status, error.count("\n")) == (1, 1)
    assert "tensorflow is not installed: install it, or set KERAS_BACKEND=jax" in error

    command = ("--tensorboard", "events", "--checkpoint-minutes", "0")
    with_jax = partial(workspace.start, *command, epochs=6, KERAS_BACKEND="jax", **without)
    status, _, error = with_jax().wait()
    assert status == 1
    assert "a SavedModel is written by TensorFlow: set KERAS_BACKEND=tensorflow, or `run`" in error

    with_jax = partial(with_jax, publish=False)
    run = with_jax()
    run.wait_for(workspace.checkpoints)
    assert run.send_signal(signal.SIGTERM)[0] == 75  # As `timeout` on a machine lent for minutes.
    assert workspace.checkpoints()
    output = with_jax().succeed()
    assert "resumes from runs/clothing-cnn/" in output
    folder = workspace.run_folder()
    named = folder.relative_to(workspace.folder)
    lines = output.splitlines()
    assert lines[1] == "clothing-cnn, seed 1, on CPU with JAX"
    how = f"to publish it, where TensorFlow is installed: python -m training publish {named}"
    assert lines[-1] == how
    assert workspace.versions() == []
    assert len(list((workspace.folder / "events" / "clothing-cnn" / folder.name).iterdir())) == 2
    fitted = json.loads((folder / "model_card.json").read_text())
    assert fitted["trained"]["backend"] == "jax"

    status, _, error = workspace.command("publish", str(named), KERAS_BACKEND="jax").wait()
    assert status == 1
    assert "a SavedModel is written by TensorFlow: set KERAS_BACKEND=tensorflow" in error

    workspace.command("publish", str(named), "--force").succeed()
    assert workspace.versions() == [1]
    card = workspace.folder / "models" / "clothing" / "1" / "assets.extra" / "model_card.json"
    published = json.loads(card.read_text())
    assert published["trained"] == fitted["trained"]
    for split in ("validation", "test"):
        ours, theirs = published["metrics"][split], fitted["metrics"][split]
        assert ours["loss"] == pytest.approx(theirs["loss"], abs=1e-4)


def fitted(backend: str, file: Path) -> list[np.ndarray]:
    """Return the weights that a backend fits on one device; check that two fit the same."""
    command = [sys.executable, "-m", "tests.e2e.two_devices", str(file)]
    done = subprocess.run(
        command,
        cwd=ROOT,
        env=variables(KERAS_BACKEND=backend),
        capture_output=True,
        text=True,
        timeout=TIMEOUT_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    devices, difference, of_warmed_head = done.stdout.split()
    assert int(devices) == 2
    assert float(difference) < 1e-5
    assert float(of_warmed_head) < 1e-4
    with np.load(file) as weights:
        return [weights[name] for name in weights.files]


def test_all_backends_and_two_devices_fit_the_same_weights(tmp_path: Path) -> None:
    with_tensorflow, with_jax = (
        fitted(backend, tmp_path / f"{backend}.npz") for backend in ("tensorflow", "jax")
    )
    for first, second in zip(with_tensorflow, with_jax, strict=True):
        assert np.allclose(first, second, atol=1e-4)
