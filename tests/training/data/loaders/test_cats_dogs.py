import zipfile
from pathlib import Path

import numpy as np
import pytest

from serving.photos import prepare
from tests.training.conftest import encoded
from training.data import prepared_photos
from training.data.datasets import DataSet
from training.data.loaders.cats_dogs import LABELS, label_of, load_cats_dogs
from training.data.splits import SPLITS, order_by_file_name, split_class
from training.errors import TrainingError

SHAPE = (12, 16, 3)


def load(folder: Path | None) -> DataSet:
    return load_cats_dogs(folder, "squash/1", SHAPE, lambda done, total: None)


def add(folder: Path, name: str, content: bytes) -> None:
    with zipfile.ZipFile(folder / "train.zip", "a") as archive:
        archive.writestr(name, content)


def names(count: int) -> list[str]:
    return [f"train/{label}.{number}.jpg" for label in ("cat", "dog") for number in range(count)]


def split_names(names: list[str], split: int = 1) -> list[list[str]]:
    """Return the names of each split, in its order."""
    order = order_by_file_name(split)
    splits: dict[str, str] = {}
    for label in LABELS:
        splits |= split_class([name for name in names if label_of(name) == label], order)
    return [sorted((n for n in splits if splits[n] == part), key=order) for part in SPLITS]


def test_photos_are_split_70_15_15_in_each_class(pets: Path) -> None:
    data = load(pets)

    counts = [
        np.bincount(part.classes).tolist() for part in (data.training, data.validation, data.test)
    ]
    assert counts == [[14, 14], [3, 3], [3, 3]]
    assert data.labels == ("cat", "dog")
    assert data.damaged == ()


def test_every_photo_is_prepared_as_the_gateway_does(pets: Path) -> None:
    data = load(pets)

    with zipfile.ZipFile(pets / "train.zip") as archive:
        for split, photos in zip(
            split_names(archive.namelist()),
            (data.training, data.validation, data.test),
            strict=True,
        ):
            for name, photo, label in zip(split, photos.photos[:], photos.classes, strict=True):
                assert np.array_equal(photo, prepare(archive.read(name), "squash/1", SHAPE))
                assert data.labels[label] in name


def test_the_split_depends_only_on_names() -> None:
    forward, backward = split_names(names(100)), split_names(names(100)[::-1])

    assert forward == backward
    assert [len(split) for split in forward] == [140, 30, 30]
    assert sorted(name for split in forward for name in split) == sorted(names(100))


def test_the_split_is_the_one_of_published_models() -> None:
    """A changed split would turn photos that published models were trained on into test photos."""
    first = [split[0] for split in split_names(names(100))]

    assert first == ["train/dog.27.jpg", "train/dog.44.jpg", "train/cat.43.jpg"]


def test_another_seed_splits_the_same_photos_differently(pets: Path) -> None:
    first, second = load(pets), load_cats_dogs(pets, "squash/1", SHAPE, lambda done, total: None, 2)

    def contents(data: DataSet) -> set[bytes]:
        return {photo.tobytes() for split in data.splits for photo in split.photos[:]}

    assert [len(split) for split in second.splits] == [28, 6, 6]
    assert not np.array_equal(first.test.photos[:], second.test.photos[:])
    assert contents(first) == contents(second)


def test_classes_are_mixed_within_a_split() -> None:
    labels = ["cat" in name for name in split_names(names(100))[0]]

    assert sum(labels[:70]) == pytest.approx(35, abs=10)


def test_photos_are_prepared_once(pets: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = load(pets)
    monkeypatch.setattr(prepared_photos, "prepare", None)

    again = load(pets)

    assert np.array_equal(first.training.photos[:], again.training.photos[:])
    assert again.digest == first.digest


def test_another_archive_is_prepared_again(pets: Path) -> None:
    first = load(pets)
    for number in range(20, 40):
        add(pets, f"train/cat.{number}.jpg", encoded((40, 30), number))

    again = load(pets)

    assert again.digest != first.digest
    assert len(again.test) == 3 + 6


def test_progress_counts_every_photo(pets: Path) -> None:
    counts: list[tuple[int, int]] = []

    load_cats_dogs(pets, "squash/1", SHAPE, lambda *count: counts.append(count))

    assert counts == [(done, 40) for done in range(1, 41)]


@pytest.mark.parametrize("content", [b"a text", encoded((40, 30), 9)[:400]], ids=["text", "cut"])
def test_damaged_photos_are_left_out_and_listed(pets: Path, content: bytes) -> None:
    add(pets, "train/cat.99.jpg", content)
    add(pets, "train/dog.99.jpg", encoded((40, 30), 99))

    data = load(pets)

    assert sum(map(len, (data.training, data.validation, data.test))) == 41
    assert len(data.damaged) == 1
    assert data.damaged[0].startswith("train/cat.99.jpg: ")
    assert load(pets).damaged == data.damaged


def test_other_members_of_the_archive_are_ignored(pets: Path) -> None:
    add(pets, "train/readme.txt", b"")
    add(pets, "test1/1.jpg", encoded((40, 30), 9))

    data = load(pets)
    assert sum(map(len, (data.training, data.validation, data.test))) == 40


def test_the_archive_is_found_in_its_folder_and_by_the_environment(
    pets: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pets.rename(tmp_path / "dogs-vs-cats")
    monkeypatch.setenv("PHOTOLABEL_DATA", str(tmp_path))

    assert len(load(None).training) == 28


def test_a_file_that_is_not_an_archive_is_named(pets: Path) -> None:
    (pets / "train.zip").write_bytes(b"no zip")

    with pytest.raises(TrainingError, match=r"train\.zip is not a valid zip file"):
        load(pets)


def test_an_archive_without_cats_and_dogs_is_refused(pets: Path) -> None:
    with zipfile.ZipFile(pets / "train.zip", "w") as archive:
        archive.writestr("roses/1.jpg", encoded((40, 30), 9))

    with pytest.raises(TrainingError, match="has too few photos named train/cat"):
        load(pets)


def test_a_cache_that_cannot_be_written_is_named(
    pets: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("PHOTOLABEL_CACHE", str(tmp_path / "file" / "cache"))

    with pytest.raises(TrainingError, match=r"cannot write into the cache .*PHOTOLABEL_CACHE"):
        load(pets)
