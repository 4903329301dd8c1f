"""`load` and `classify`: photos of any kind, prepared as the gateway prepares them."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from tests.training.python_api.conftest import LABELS
from training import load
from training.errors import TrainingError, UsageError
from training.python_api.trained_run import TrainedRun

pytestmark = pytest.mark.integration


def test_a_run_and_its_version_classify_alike(trained: TrainedRun, shapes: Path) -> None:
    version = trained.publish()
    photo = shapes / "red" / "3.png"

    frames = [
        load(reference).classify(photo)
        for reference in (trained, str(trained.folder), "shapes", "shapes/1", version)
    ]

    for frame in frames:
        assert frame.index.tolist() == [str(photo)]
        assert frame["label"].tolist() == ["red"]
        pd.testing.assert_frame_equal(frame, frames[0], rtol=1e-5)
    assert [*frames[0].columns] == ["label", "probability", "recognized", *LABELS]
    assert frames[0]["probability"].item() == frames[0]["red"].item()


def test_all_kinds_of_photos_are_classified_alike(trained: TrainedRun, shapes: Path) -> None:
    model, path = load(trained), shapes / "green" / "1.png"
    image = Image.open(path)
    pixels = np.asarray(image)

    frame = model.classify([str(path), path.read_bytes(), image, pixels, image.convert("RGBA")])
    several = model.classify(np.stack([pixels, pixels]))

    assert frame.index.tolist() == [str(path), 1, 2, 3, 4]
    assert several.index.tolist() == [0, 1]
    for row in [*frame.to_dict("records"), *several.to_dict("records")]:
        assert row == frame.iloc[0].to_dict()


def test_no_photos_are_no_rows(trained: TrainedRun) -> None:
    frame = load(trained).classify([])

    assert len(frame) == 0
    assert [*frame.columns] == ["label", "probability", "recognized", *LABELS]


@pytest.mark.parametrize(
    ("photo", "message"),
    [
        ("nowhere.jpg", r"photo nowhere.jpg: it can't be read \(No such file"),
        (b"text", "photo 0: .*not an image|photo 0: "),
        (np.zeros((4, 4)), "photo 0: pixels are uint8, 0 to 255, not float64"),
        (np.zeros((4, 4, 2), np.uint8), "photo 0: pixels are height×width.*, not 4×4×2"),
        (3, "photo 0: a path, bytes"),
    ],
)
def test_what_is_not_a_photo_is_named(trained: TrainedRun, photo: object, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        load(trained).classify([photo])  # type: ignore[list-item]


def test_what_is_not_there_is_named() -> None:
    with pytest.raises(TrainingError, match="'shoes' is not a published model in models"):
        load("shoes")
