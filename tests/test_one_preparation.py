"""All code that needs the pixels of a photo prepares it with `PREPARATIONS`."""

import hashlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
from PIL import Image
from rich.console import Console

from benchmarks.photos import exactness
from serving.photos import PREPARATIONS
from tests.drawing import encode, photo
from tests.serving.fakes import PETS, FakeModelServer, gateway
from training.data.loaders.image_folders import load_image_folder
from training.data.prepared_photos import Source, photo_store
from training.judging.scoring import folder_photos
from training.publishing.published_model import PublishedModel

MARK = 137
NAME = "mark/1"
SHAPE = (8, 6, 3)


@pytest.fixture(autouse=True)
def marking(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Register a preparation that makes every photo the same gray."""
    monkeypatch.setenv("PHOTOLABEL_CACHE", str(tmp_path / "cache"))
    monkeypatch.setitem(PREPARATIONS, NAME, replace(PREPARATIONS["squash/1"], resize=mark))


def mark(photo: Image.Image, width: int, height: int) -> Image.Image:
    return Image.new(photo.mode, (width, height), (MARK,) * 3)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Draw photos in a folder for each class."""
    for label in ("cat", "dog"):
        (tmp_path / "photos" / label).mkdir(parents=True)
        for number in range(4):
            drawn = encode(photo((20 + number, 16)), quality=90 + number)
            (tmp_path / "photos" / label / f"{label}{number}.jpg").write_bytes(
                drawn + label.encode()
            )
    return tmp_path / "photos"


def model(probabilities: Callable[[np.ndarray], np.ndarray] | None = None) -> PublishedModel:
    """Return a stand-in for a published model with that preparation."""
    identity = {"name": "pets", "version": 1, "labels": ("cat", "dog")}
    about = {**identity, "shape": SHAPE, "preparation": NAME, "card": {}, "training_photos": None}
    fake = SimpleNamespace(**about, probabilities=probabilities)
    return cast(PublishedModel, fake)


def assert_marked(pixels: Any) -> None:
    assert len(pixels)
    assert np.asarray(pixels).shape[1:] == SHAPE
    assert set(np.asarray(pixels).ravel()) == {MARK}


def test_training_on_photos_in_folders(folder: Path) -> None:
    data = load_image_folder(folder, "pets", 1, NAME, SHAPE, lambda *_: None)
    for split in data.splits:
        assert_marked(split.photos)


def test_the_photo_store() -> None:
    content = hashlib.sha256(encode_one()).hexdigest()
    store = photo_store({content: Source("a", encode_one, "")}, NAME, SHAPE, lambda *_: None)
    assert_marked(store.pixels)


def encode_one() -> bytes:
    return encode(photo())


def test_scoring_photos_in_folders(folder: Path) -> None:
    assert_marked(folder_photos(model(), folder, "test", Console(quiet=True)).photos)


def test_the_benchmark_of_photos(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exactness, "PHONE", (640, 480))
    seen: list[np.ndarray] = []

    def probabilities(pixels: np.ndarray) -> np.ndarray:
        seen.append(pixels)
        return np.full((len(pixels), 2), 0.5)

    exactness.reduced(model(probabilities), lambda _: photo((64, 48)), 1, 1, lambda _: None)
    assert_marked(np.concatenate(seen))


def test_the_gateway() -> None:
    source = FakeModelServer({"cats-dogs": [replace(PETS, preparation=NAME, shape=SHAPE)]})
    client = gateway(source, models="cats-dogs")
    response = client.post("/v1/models/cats-dogs:classify", data=encode_one())
    assert response.status_code == 200, response.text
    assert_marked(source.predicted[-1][1])
