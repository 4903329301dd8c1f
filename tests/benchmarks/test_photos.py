"""The benchmark of photos: its distortions and its bars."""

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from benchmarks.photos import bars, distortions
from benchmarks.photos.distortions import CLEAN, COMBINED, GARMENT_DISTORTIONS, PET_DISTORTIONS
from benchmarks.photos.exactness import Reduced, Sideways
from benchmarks.photos.posting import Predictions
from benchmarks.photos.scores import Score, score
from benchmarks.photos.sources import pets, real_garments
from serving.photos import prepare
from tests.drawing import encode, photo
from training.data.loaders.cats_dogs import load_cats_dogs
from training.errors import TrainingError

SHAPE = (28, 28, 1)


def garment() -> np.ndarray:
    """Draw a garment as in the data set: bright on black."""
    item = np.zeros((28, 28), np.uint8)
    item[2:26, 8:20] = 150
    item[10:16, 8:20] = 230
    return item


def decoded(encoded: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(encoded)).convert("RGB"))


def test_a_garment_is_dark_on_light_and_bright_on_dark() -> None:
    light, dark = (np.asarray(distortions.scene(garment(), name)) for name in ("light", "dark"))
    middle = 40 + 20 * 13 + 10
    ground = np.array([236, 234, 230])
    assert light[5, 5].tolist() == ground.tolist()
    assert light[middle, middle] == pytest.approx(ground * (1 - 230 / 255), abs=2)
    assert dark[5, 5].tolist() == [28, 26, 30]
    assert dark[middle, middle] == pytest.approx(255 - (255 - dark[5, 5]) * (25 / 255), abs=2)


@pytest.mark.parametrize("ground", ["light", "dark"])
def test_the_preparation_recovers_the_garment(ground: str) -> None:
    found = prepare(encode(distortions.scene(garment(), ground)), "garment/1", SHAPE)[..., 0]
    # 40 pixels of margin on each side of 560 make it smaller by an eighth.
    expected = np.asarray(Image.fromarray(garment()).resize((25, 25)))
    assert np.abs(found[2:27, 2:27].astype(int) - expected).mean() < 16
    assert found[0].max() <= 1


def test_off_centre_differs_from_photo_to_photo() -> None:
    first, second = (np.asarray(distortions.scene(garment(), index=n).convert("L")) for n in (1, 2))
    assert first.shape == second.shape == (800, 800)
    corners = [np.argwhere(each < 120).min(axis=0).tolist() for each in (first, second)]
    assert corners[0] != corners[1]


@pytest.mark.parametrize("name", GARMENT_DISTORTIONS)
def test_every_garment_photo_decodes(name: str) -> None:
    encoded = distortions.garment_photo(name)(garment(), 3)
    assert prepare(encoded, "garment/1", SHAPE).shape == SHAPE
    assert (name == CLEAN) == (decoded(encoded).shape == (28, 28, 3))


@pytest.mark.parametrize("name", PET_DISTORTIONS)
def test_every_pet_photo_becomes_another_file_of_the_same_size(name: str) -> None:
    given = encode(photo((180, 180)), "JPEG", quality=95)
    made = distortions.pet_photo(name)(given, 4)
    assert made != given
    before, after = decoded(given).astype(int), decoded(made).astype(int)
    assert after.shape == before.shape
    brighter = after.mean() / before.mean()
    wanted = {"half brightness": 0.5, "double brightness": 1.4, "turned by EXIF": 1}.get(name, 1)
    assert brighter == pytest.approx(wanted, rel=0.15)
    assert distortions.pet_photo(CLEAN)(given, 4) == given


@pytest.mark.parametrize("index", range(7))
def test_photos_rotated_by_exif_are_prepared_upright(index: int) -> None:
    picture = photo((64, 48))
    upright, held = (
        prepare(sent, "squash/1", (48, 64, 3))
        for sent in (distortions.encode(picture), distortions.turned(picture, index))
    )
    assert np.abs(upright.astype(int) - held).mean() < 1
    assert Image.open(io.BytesIO(distortions.turned(picture, index))).getexif()[0x0112] == 2 + index


def predictions(right: int, photos: int = 100, confidence: float = 0.8) -> Predictions:
    chosen = np.arange(photos) >= right
    probabilities = np.where(chosen[:, None] == [False, True], confidence, 1 - confidence)
    return Predictions(probabilities, np.arange(photos) % 4 > 0)


def scored(name: str, right: int, clean: Score | None = None) -> Score:
    return score(name, predictions(right), np.zeros(100, np.int64), clean)


def test_scores_are_compared_photo_by_photo() -> None:
    clean = scored(CLEAN, 90)
    worse = scored(COMBINED, 86, clean)
    assert (clean.accuracy, clean.recognized) == (0.9, 0.75)
    assert clean.confidence == pytest.approx(0.8)
    assert worse.against is not None
    assert (worse.against.lost, worse.against.gained) == (4, 0)
    assert worse.against.low < -0.04 < worse.against.high
    assert worse.figures()["difference"] is not None


@pytest.mark.parametrize(("right", "met"), [(86, False), (89, True), (95, True)])
def test_the_bar_for_distortions(right: int, met: bool) -> None:
    clean = scored(CLEAN, 90)
    (bar,) = bars.distorted("clothing", [clean, scored(COMBINED, right, clean)])
    assert bar.met is met


def real(name: str, right: int, recognized: float | None, confidence: float = 0.8) -> Score:
    return Score(name, np.arange(100) < right, confidence, recognized)


def test_the_bars_for_real_photos() -> None:
    scores = [real("shop", 87, 0.4, 0.9), real("home", 76, 0.79, 0.7), real("other", 0, 0.13)]
    met = {bar.what: bar.met for bar in bars.real({each.name: each for each in scores})}
    assert met == {
        "shop: accuracy": True,
        "shop: mean confidence - accuracy": True,
        "home: accuracy": False,
        "home: mean confidence - accuracy": False,
        "home: garments recognized": False,
        "home: others recognized": False,
    }
    good = {"shop": real("shop", 86, 0.4), "home": real("home", 83, 0.8)}
    *_, garments, others = bars.real({**good, "other": real("other", 0, 0.12)})
    assert (garments.met, others.met) == (True, True)
    *_, silent = bars.real({**good, "other": real("other", 0, None)})
    assert silent.met is None


def test_the_bar_for_encoders_is_the_median() -> None:
    moved = {"PNG": np.array([0.001, 0.002, 0.3]), "WebP": np.array([0.001, 0.02, 0.03])}
    assert [bar.met for bar in bars.reencoded("x", moved)] == [True, False]


def test_the_bars_for_comparisons() -> None:
    good = bars.same("x", Sideways(9, 0, np.array([0.001])), np.array([[1e-6]]))
    bad = bars.same("x", Sideways(9, 1, np.array([0.001, 0.02])), np.array([[1e-4, 0]]))
    assert [bar.met for bar in good] == [True] * 3
    assert [bar.met for bar in bad] == [False] * 3
    one = np.ones(3)
    quick = bars.faster("x", Reduced(one, 6.5 * one, 5 * one, one, np.array([0.01, 0.02, 0.9])))
    assert [bar.met for bar in quick] == [True, False, True]


def test_pets_are_the_test_split_of_training(tmp_path: Path) -> None:
    folder = tmp_path / "dogs-vs-cats"
    folder.mkdir()
    with zipfile.ZipFile(folder / "train.zip", "w") as archive:
        for number in range(20):
            for label, level in (("cat", 0), ("dog", 120)):
                drawn = encode(Image.new("RGB", (8, 8), (level + number,) * 3))
                archive.writestr(f"train/{label}.{number}.jpg", drawn)
    expected = load_cats_dogs(tmp_path, "squash/1", (8, 8, 3), lambda *_: None, 2).test
    items = pets(tmp_path, split=2, limit=100)
    assert items.classes.tolist() == expected.classes.tolist()
    pixels = [prepare(each, "squash/1", (8, 8, 3)) for each in items.images]
    np.testing.assert_array_equal(np.stack(pixels), np.asarray(expected.photos))
    assert len(pets(tmp_path, split=2, limit=3).images) == 3


def test_real_garments_have_their_folders_labels(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "home.zip", "w") as archive:
        for folder in ("T-shirt_top", "Ankle_boot", "other"):
            archive.writestr(f"home/{folder}/", b"")
            archive.writestr(f"home/{folder}/1.jpg", folder.encode())
    items = real_garments(tmp_path, "home.zip")
    found = dict(zip(items.images, items.classes.tolist(), strict=True))
    assert found == {b"T-shirt_top": 0, b"Ankle_boot": 9, b"other": -1}
    with pytest.raises(TrainingError, match=r"no shop\.zip of clothing-photos"):
        real_garments(tmp_path, "shop.zip")
