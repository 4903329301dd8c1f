"""The drift command on the metrics of a real gateway."""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import numpy as np
import pytest
from PIL import Image

from tests.drawing import encode
from tests.e2e.processes import ROOT, STARTERS, gateway, model_server, wait_until_ready
from training.metrics.evaluation import Evaluation
from training.metrics.histograms import histograms
from training.publishing.published_model import PublishedModel

pytestmark = [pytest.mark.e2e, pytest.mark.usefixtures("embedded_only")]

PHOTOS = 320
BATCH = 32


def garments(noise: int) -> np.ndarray:
    """Draw bright shapes on black: uint8 `[photos, 28, 28, 1]`."""
    random = np.random.default_rng(noise)
    pixels = random.integers(0, 1 + noise, (PHOTOS, 28, 28, 1))
    for image in pixels:
        top, left = random.integers(0, 12, 2)
        height, width = random.integers(6, 17, 2)
        image[top : top + height, left : left + width] += random.integers(80, 256 - noise)
    return pixels.astype(np.uint8)


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a starter whose model card has the histograms of drawn photos."""
    models = tmp_path_factory.mktemp("drift") / "models"
    shutil.copytree(STARTERS / "clothing", models / "clothing")
    version = models / "clothing" / "1"
    model = PublishedModel(version)
    probabilities = model.probabilities(garments(noise=10))
    card = version / "assets.extra" / "model_card.json"
    evaluation = Evaluation(model.labels, np.zeros(PHOTOS, np.int64), probabilities)
    with_histograms = {**model.card, "histograms": histograms(evaluation, "test")}
    card.write_text(json.dumps(with_histograms), "utf-8")
    return models


@pytest.fixture(scope="module")
def address(models: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with model_server(models, tmp_path_factory.mktemp("address") / "log") as (_, address):
        yield address


@pytest.fixture
def url(address: str, tmp_path: Path) -> Iterator[str]:
    with gateway(address, tmp_path / "gateway.log", models="clothing") as (_, url):
        wait_until_ready(url)
        yield url


def post(url: str, pixels: np.ndarray) -> None:
    for batch in np.array_split(pixels, len(pixels) // BATCH):
        parts = [("photo", ("x.png", encode(Image.fromarray(each[..., 0])))) for each in batch]
        httpx.post(f"{url}/v1/models/clothing:classify", files=parts, timeout=60).raise_for_status()


def drift(url: str, models: Path) -> subprocess.CompletedProcess[str]:
    command = ["drift", "clothing", "--metrics", f"{url}/metrics", "--models", str(models)]
    return subprocess.run(
        [sys.executable, "-m", "training", *command],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


def test_only_photos_unlike_those_of_the_model_card_are_drift(url: str, models: Path) -> None:
    before = drift(url, models)
    assert before.returncode == 5, before.stderr
    assert "the metrics have no photos of a model clothing" in before.stderr

    post(url, garments(noise=10))
    same = drift(url, models)
    assert same.returncode == 0, same.stderr
    assert f"confidences: PSI 0.000 between {PHOTOS} photos of the card" in same.stdout
    assert f"classes: PSI 0.000 between {PHOTOS} photos of the card" in same.stdout

    for _ in range(3):
        post(url, garments(noise=120))
    other = drift(url, models)
    assert other.returncode == 4, other.stdout + other.stderr
    assert "error: clothing/1 has drifted: " in other.stderr


def test_a_model_card_without_histograms_is_reported(url: str, tmp_path: Path) -> None:
    post(url, garments(noise=10))
    plain = tmp_path / "plain"
    shutil.copytree(STARTERS / "clothing", plain / "clothing")
    card = plain / "clothing" / "1" / "assets.extra" / "model_card.json"
    without_histograms = json.loads(card.read_text("utf-8"))
    without_histograms.pop("histograms", None)
    card.write_text(json.dumps(without_histograms), "utf-8")
    done = drift(url, plain)
    assert done.returncode == 1
    assert "the card has no histograms" in done.stderr
    assert "Traceback" not in done.stderr
