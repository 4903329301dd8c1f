"""Data sets of photos that a model was not trained to recognize."""

import hashlib
import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.idx import write_fashion_mnist
from training.errors import TrainingError
from training.trust.ood_datasets import (
    has_photos_of,
    prepare_photos,
    published_sets,
    read_photos,
    synthetic_sets,
)


def write_mnist(folder: Path) -> np.ndarray:
    folder.mkdir(parents=True)
    images = np.random.default_rng(0).integers(0, 256, (20, 28, 28), np.uint8)
    classes = np.arange(20, dtype=np.uint8) % 10
    np.savez(folder / "mnist.npz", x_train=images, y_train=classes, x_test=images, y_test=classes)
    return images


def png(level: int) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (20, 30), (level, 200, 10)).save(file, "PNG")
    return file.getvalue()


def names(data: Path | None, own: str) -> list[str]:
    return [name for name, _ in published_sets(data, own)]


def test_the_sets_found_are_used_except_the_models_own(tmp_path: Path) -> None:
    write_mnist(tmp_path / "mnist")
    write_fashion_mnist(tmp_path / "fashion-mnist")
    for name, file in (("dogs-vs-cats", "train.zip"), ("flower-photos", "flower_photos.zip")):
        (tmp_path / name).mkdir()
        with zipfile.ZipFile(tmp_path / name / file, "w") as archive:
            archive.writestr("a/1.png", png(1))

    assert names(tmp_path, "fashion-mnist") == ["digits", "cats and dogs", "flowers"]
    assert names(tmp_path, "dogs-vs-cats") == ["digits", "garments", "flowers"]
    assert names(tmp_path, "images") == ["digits", "garments", "cats and dogs", "flowers"]


def test_sets_that_have_some_of_the_given_photos_are_recognized() -> None:
    content = hashlib.sha256(png(1)).hexdigest()

    assert has_photos_of([png(2), png(1)], {content})
    assert not has_photos_of([png(2), png(3)], {content})


def test_nothing_is_downloaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "training.data.published_files.fetch_with_bar", lambda *_: pytest.fail("a download")
    )

    assert names(tmp_path, "fashion-mnist") == []
    assert names(None, "dogs-vs-cats") == []


def test_digits_are_unchanged_for_a_gray_model_and_resized_for_a_colour_model(
    tmp_path: Path,
) -> None:
    images = write_mnist(tmp_path / "mnist")
    encoded = dict(published_sets(tmp_path, "fashion-mnist"))["digits"]

    gray = prepare_photos(encoded, "garment/1", (28, 28, 1))
    colour = prepare_photos(encoded, "squash/1", (40, 50, 3))

    assert (gray[..., 0] == images).all()
    assert colour.shape == (20, 40, 50, 3)


def test_photos_in_sub_folders_are_found_and_damaged_ones_left_out(tmp_path: Path) -> None:
    folder = tmp_path / "home"
    (folder / "deep").mkdir(parents=True)
    (folder / "deep" / "1.PNG").write_bytes(png(1))
    (folder / "2.jpg").write_bytes(b"no photo")
    (folder / "notes.txt").write_text("")

    found = read_photos(folder)

    assert len(found) == 2
    assert len(prepare_photos(found, "squash/1", (8, 8, 3))) == 1
    with pytest.raises(TrainingError, match=r"none of the photos can be decoded \(tried 1\)"):
        prepare_photos([b"no photo"], "squash/1", (8, 8, 3))


def test_a_folder_named_like_a_photo_is_not_a_photo(tmp_path: Path) -> None:
    (tmp_path / "home" / "one.jpg").mkdir(parents=True)
    (tmp_path / "home" / "one.jpg" / "2.png").write_bytes(png(1))

    assert read_photos(tmp_path / "home") == [png(1)]


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        ("password", "1.png in .*home.zip has a password: zip the photos without one"),
        ("method", r"1.png in .*home.zip can't be extracted \(.*\): zip the photos again"),
        ("data", r"1.png in .*home.zip can't be extracted \(.*\): zip the photos again"),
    ],
)
def test_archives_that_cannot_be_extracted_are_named(
    tmp_path: Path, damage: str, message: str
) -> None:
    path = tmp_path / "home.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("1.png", png(1))
    content = bytearray(path.read_bytes())
    inner, listed = content.index(b"PK\x03\x04"), content.index(b"PK\x01\x02")
    if damage == "password":
        content[inner + 6] |= 1
        content[listed + 8] |= 1
    elif damage == "method":
        content[inner + 8] = content[listed + 10] = 97
    else:
        start = inner + 30 + len("1.png")
        content[start : start + 8] = b"\xff" * 8
    path.write_bytes(content)

    with pytest.raises(TrainingError, match=message) as raised:
        read_photos(path)

    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("kind", ["empty folder", "no archive", "missing"])
def test_a_source_without_photos_is_reported(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "photos"
    if kind == "empty folder":
        path.mkdir()
    elif kind == "no archive":
        path.write_bytes(b"text")

    with pytest.raises(TrainingError, match=r"has no photos|is neither a folder nor a zip file"):
        read_photos(path)


@pytest.fixture
def few_unknowns() -> None:
    """Override the fixture that draws fewer of them."""


def test_noise_and_blanks_have_the_models_shape() -> None:
    sets = synthetic_sets((6, 5, 3))

    assert set(sets) == {"noise", "blank"}
    for photos in sets.values():
        assert photos.dtype == np.uint8
        assert photos.shape[1:] == (6, 5, 3)
    blank = sets["blank"]
    assert (blank == blank[:, :1, :1]).all()
    assert len(np.unique(blank[:, 0, 0], axis=0)) > 100
    assert len(np.unique(sets["noise"][0])) > 30
