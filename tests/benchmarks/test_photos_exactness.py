"""The benchmark of photos detects differences."""

from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import cast

import numpy as np
import pytest

from benchmarks.photos import exactness
from benchmarks.photos.distortions import encode
from benchmarks.photos.posting import Gateway, Predictions
from serving.photos import prepare
from tests.drawing import photo
from training.publishing.published_model import PublishedModel

SHAPE = (12, 16, 3)


def probabilities(pixels: np.ndarray) -> np.ndarray:
    """Return the probabilities of a model that measures the red in the upper left corner."""
    red = pixels[:, :6, :8, 0].mean(axis=(1, 2)) / 255
    return np.stack([red, 1 - red], axis=1)


MODEL = cast(
    PublishedModel,
    SimpleNamespace(
        name="drawn",
        labels=("red", "other"),
        shape=SHAPE,
        preparation="squash/1",
        probabilities=probabilities,
    ),
)


class StubGateway:
    """A gateway with an error in its probabilities, or another preparation."""

    def __init__(self, off: float = 0.0, prepared: Callable[..., np.ndarray] = prepare) -> None:
        self.off, self.prepared = off, prepared

    def classify(
        self, model: str, labels: Sequence[str], count: int, photo: Callable[[int], bytes]
    ) -> Predictions:
        pixels = [self.prepared(photo(index), "squash/1", SHAPE) for index in range(count)]
        return Predictions(probabilities(np.stack(pixels)) + self.off, None)


def gateway(off: float = 0.0, prepared: Callable[..., np.ndarray] = prepare) -> Gateway:
    return cast(Gateway, StubGateway(off, prepared))


def test_a_gateway_with_other_probabilities_is_detected() -> None:
    def difference(off: float) -> float:
        drawn = encode(photo())
        return float(exactness.beside_process(gateway(off), MODEL, 3, lambda _: drawn).max())

    assert difference(0) == 0
    assert difference(0.003) == pytest.approx(0.003)


def test_sideways_photos_are_predicted_like_upright_ones() -> None:
    held = exactness.sideways(gateway(), MODEL, lambda _: photo((320, 240)), 7)
    assert (held.photos, held.pixels_differ) == (7, 0)
    assert held.probabilities.max() < 0.01


def test_the_same_picture_is_saved_by_other_encoders() -> None:
    moved = exactness.reencoded(gateway(), MODEL, lambda _: photo((320, 240)), 2)
    assert moved.keys() == exactness.ENCODERS.keys()
    assert all(0 < changes.max() < 0.02 for changes in moved.values())


def test_photos_that_are_not_rotated_are_detected(monkeypatch: pytest.MonkeyPatch) -> None:
    def prepare_without_exif(encoded: bytes, *others: object) -> np.ndarray:
        at = encoded.find(b"Exif\0\0")
        return prepare(encoded.replace(b"Exif\0\0", b"Fixe\0\0") if at > 0 else encoded, *others)  # type: ignore[arg-type]

    held = exactness.sideways(
        gateway(prepared=prepare_without_exif), MODEL, lambda _: photo((320, 240)), 7
    )
    assert held.probabilities.max() > 0.05
    monkeypatch.setattr(exactness, "prepare", lambda encoded, *_: np.frombuffer(encoded, np.uint8))
    held = exactness.sideways(gateway(), MODEL, lambda _: photo((320, 240)), 7)
    assert held.pixels_differ == 7


def test_reduced_decoding_is_timed_and_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exactness, "PHONE", (1600, 1200))
    done: list[int] = []
    found = exactness.reduced(MODEL, lambda index: photo((64 + index, 48)), 2, 3, done.append)
    assert sum(done) == 3
    assert len(found.seconds) == len(found.resized) == len(found.whole) == 2
    assert (found.bytes > 1000).all()
    assert found.moved.shape == (3,)
    assert 0 < found.moved.max() < 0.05, "the two ways of decoding differ"
