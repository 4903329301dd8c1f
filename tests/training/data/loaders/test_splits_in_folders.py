"""Folders of splits under the names that people give them."""

import json
from pathlib import Path

import numpy as np
import pytest

from serving.photos import prepare
from tests.training.backbones import write_photos
from tests.training.data.loaders.test_image_folders import SHAPE, contents, load
from training.data.class_folders import LeftOut, photos_below
from training.errors import TrainingError


def write_splits(folder: Path, *names: str) -> Path:
    """Write different photos of the classes a and b into each folder: 20, 6, 4 of each class."""
    for first, (name, count) in enumerate(zip(names, (20, 6, 4), strict=False)):
        write_photos(folder / name, {"a": count, "b": count}, first=100 * first)
    return folder


def files(folder: Path) -> set[bytes]:
    """Return the pixels of all photos below a folder."""
    photos = photos_below(folder, folder, LeftOut())
    return {prepare(photo.read(), "squash/1", SHAPE).tobytes() for photo in photos}


@pytest.mark.parametrize(
    "names",
    [
        ("train", "test", "validation"),
        ("train", "test", "val"),
        ("train", "test", "valid"),
        ("Train", "Test", "Validation"),
        ("TRAIN", "TEST", "dev"),
        ("Training", "Testing", "Val"),
        ("training_set", "test_set", "validation_set"),
        ("train_images", "test_images", "val_images"),
        ("train images", "test-images", "valid data"),
        ("seg_train/seg_train", "seg_test/seg_test", "seg_val/seg_val"),
    ],
)
def test_the_names_of_splits_that_people_use_are_recognized(
    tmp_path: Path, names: tuple[str, ...]
) -> None:
    folder = write_splits(tmp_path / "data", *names)

    data = load(folder)

    assert data.labels == ("a", "b")
    assert data.notes == data.damaged == ()
    assert data.split_seed is None
    for split, name in zip((data.training, data.test, data.validation), names, strict=True):
        assert contents(split.photos) == files(folder / name)


@pytest.mark.parametrize(
    "names",
    [
        ("training_set", "test_set"),
        ("Training", "Testing"),
        ("seg_train", "seg_test"),
        ("train_images", "test_images"),
    ],
)
def test_a_missing_validation_split_is_taken_from_the_training_part(
    tmp_path: Path, names: tuple[str, ...]
) -> None:
    folder = write_splits(tmp_path / "data", *names)

    data = load(folder)

    expected = "no photos for validation: 15% of the training photos are used for it"
    assert data.notes == (expected,)
    assert contents(data.test.photos) == files(folder / names[1])
    training, validation = contents(data.training.photos), contents(data.validation.photos)
    assert training | validation == files(folder / names[0])
    assert 1 <= len(validation) <= 14
    assert not training & validation
    assert contents(load(folder, split=2).validation.photos) != validation


def test_a_missing_test_split_is_taken_from_the_training_part(tmp_path: Path) -> None:
    folder = write_splits(tmp_path / "data", "train", "val")

    data = load(folder)

    assert data.notes == ("no photos for the test: 15% of the training photos are used for it",)
    assert data.split_seed == 1
    assert contents(data.validation.photos) == files(folder / "val")
    assert contents(data.training.photos) | contents(data.test.photos) == files(folder / "train")


def test_a_training_part_alone_is_split(tmp_path: Path) -> None:
    data = load(write_splits(tmp_path / "data", "train"))

    assert data.labels == ("a", "b")
    assert len(data.notes) == 2
    assert sum(map(len, data.splits)) == 40


def test_a_test_folder_without_classes_is_not_used(tmp_path: Path) -> None:
    """Competitions publish their test photos without labels."""
    folder = write_splits(tmp_path / "data", "train", "val")
    write_photos(folder, {"test": 5}, first=500)

    data = load(folder)

    assert data.labels == ("a", "b")
    assert data.notes == (
        "left out 5 files: 5 outside the class folders",
        "no photos for the test: 15% of the training photos are used for it",
    )


def test_folders_beside_the_splits_are_not_used(tmp_path: Path) -> None:
    folder = write_splits(tmp_path / "data", "train", "test", "validation")
    write_photos(folder, {"seg_pred": 5, "@eaDir": 1}, first=500)

    data = load(folder)

    assert data.labels == ("a", "b")
    expected = ("not used, beside the splits: seg_pred", "left out 1 file: 1 in @eaDir")
    assert data.notes == expected


def test_a_class_may_be_called_like_a_split(tmp_path: Path) -> None:
    data = load(write_photos(tmp_path / "data", {"bus": 9, "car": 9, "train": 9}))

    assert data.labels == ("bus", "car", "train")


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (("test", "valid"), "has test and valid, but no folder for the training split"),
        (("val", "valid", "train"), "has val and valid, which look like the same split"),
    ],
)
def test_ambiguous_splits_are_refused(tmp_path: Path, names: tuple[str, ...], message: str) -> None:
    with pytest.raises(TrainingError, match=message):
        load(write_splits(tmp_path / "data", *names))


def test_existing_splits_are_kept(tmp_path: Path) -> None:
    for index, split in enumerate(("train", "validation", "test")):
        write_photos(tmp_path / "data" / split, {"a": 4 - index, "b": 4}, first=10 * index)

    data = load(tmp_path / "data")

    assert [np.bincount(split.classes).tolist() for split in data.splits] == [
        [4, 4],
        [3, 4],
        [2, 4],
    ]


def test_existing_splits_refuse_another_seed(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    for index, name in enumerate(("train", "validation", "test")):
        write_photos(folder / name, {"a": 4, "b": 4}, first=10 * index)

    with pytest.raises(TrainingError, match="has its splits already: leave out split_seed=2"):
        load(folder, split=2)
    assert load(folder).split_seed is None

    note = {"archive": "0123", "split": 2, "split_by": "content"}
    (folder / ".prepared.json").write_text(json.dumps(note))
    assert load(folder, split=2).split_seed == load(folder).split_seed == 2
    with pytest.raises(TrainingError, match="they were made with split_seed=2; leave out"):
        load(folder, split=3)


@pytest.mark.parametrize("split", ["train", "validation", "test"])
def test_a_class_without_photos_in_a_split_is_named(tmp_path: Path, split: str) -> None:
    for index, name in enumerate(("train", "validation", "test")):
        counts = {"a": 4} if name == split else {"a": 4, "белая роза": 4}
        write_photos(tmp_path / "data" / name, counts, first=10 * index)

    with pytest.raises(TrainingError, match=r"the \w+ split has no usable photo of 'белая роза'"):
        load(tmp_path / "data")


@pytest.mark.parametrize(
    ("splits", "message"),
    [
        (("train", "test"), "0 usable photos of 'rose' for training and validation; .*; 'Rose' is"),
        (("train", "val", "test"), "the training split has no usable photo of 'rose'; .*; 'Rose'"),
    ],
)
def test_a_class_with_other_capitals_in_a_split_is_named(
    tmp_path: Path, splits: tuple[str, ...], message: str
) -> None:
    for number, split in enumerate(splits):
        rose = "Rose" if split == "train" else "rose"
        write_photos(tmp_path / split, {rose: 5, "tulip": 5}, first=5 * number)

    with pytest.raises(TrainingError, match=f"{message}.* give both folders the same name"):
        load(tmp_path)
