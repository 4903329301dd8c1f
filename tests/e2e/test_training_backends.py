"""Fitting with JAX where TensorFlow is not, publishing where it is; fitting on two devices."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.e2e.training_runs import PATIENCE, ROOT, Workplace, variables

pytestmark = pytest.mark.e2e

WITHOUT_TENSORFLOW = str(Path(__file__).parent / "without_tensorflow")


def test_fitted_without_tensorflow_and_published_with_it(tmp_path: Path) -> None:
    place = Workplace(tmp_path / "place")
    without = {"PYTHONPATH": WITHOUT_TENSORFLOW}

    status, _, error = place.start(epochs=1, **without).end()
    assert (status, error.count("\n")) == (1, 1)
    assert "tensorflow is not installed: install it, or set KERAS_BACKEND=jax" in error

    said = place.start("--tensorboard", "events", epochs=2, KERAS_BACKEND="jax", **without).done()
    folder = place.run_folder()
    named = folder.relative_to(place.folder)
    lines = said.splitlines()
    assert lines[0] == "clothing-cnn, seed 1, on CPU with JAX"
    assert lines[-1] == f"python -m training export {named} --data garments --models models"
    assert place.versions() == []
    assert len(list((place.folder / "events" / "clothing-cnn" / folder.name).iterdir())) == 1
    fitted = json.loads((folder / "model_card.json").read_text())
    assert fitted["trained"]["backend"] == "jax"

    status, _, error = place.command("export", str(named), KERAS_BACKEND="jax").end()
    assert status == 1
    assert "a SavedModel is written by TensorFlow: set KERAS_BACKEND=tensorflow" in error

    place.command(*lines[-1].split()[3:], "--force").done()
    assert place.versions() == [1]
    card = place.folder / "models" / "clothing" / "1" / "assets.extra" / "model_card.json"
    published = json.loads(card.read_text())
    assert published["trained"] == fitted["trained"]
    for split in ("validation", "test"):
        ours, theirs = published["metrics"][split], fitted["metrics"][split]
        assert ours["loss"] == pytest.approx(theirs["loss"], abs=1e-4)


def fitted(backend: str, file: Path) -> list[np.ndarray]:
    """Return the weights that a backend fits on one device; two devices have to fit the same."""
    command = [sys.executable, "-m", "tests.e2e.two_devices", str(file)]
    done = subprocess.run(
        command,
        cwd=ROOT,
        env=variables(KERAS_BACKEND=backend),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    devices, difference = done.stdout.split()
    assert int(devices) == 2
    assert float(difference) < 1e-5
    with np.load(file) as weights:
        return [weights[name] for name in weights.files]


def test_all_backends_and_two_devices_compute_the_same(tmp_path: Path) -> None:
    with_tensorflow, with_jax = (
        fitted(backend, tmp_path / f"{backend}.npz") for backend in ("tensorflow", "jax")
    )
    for first, second in zip(with_tensorflow, with_jax, strict=True):
        assert np.allclose(first, second, atol=1e-4)
