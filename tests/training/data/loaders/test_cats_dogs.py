import hashlib
import zipfile
from pathlib import Path

import numpy as np
import pytest

from serving.photos import prepare
from tests.training.conftest import encoded
from training.data import prepared_photos
from training.data.datasets import DataSet
from training.data.loaders.cats_dogs import load_cats_dogs
from training.data.splits import SPLITS, split_of
from training.errors import TrainingError

SHAPE = (12, 16, 3)


def load(folder: Path | None, split: int = 1) -> DataSet:
    return load_cats_dogs(folder, "squash/1", SHAPE, lambda done, total: None, split)


def add(folder: Path, name: str, content: bytes) -> None:
    with zipfile.ZipFile(folder / "train.zip", "a") as archive:
        archive.writestr(name, content)


def split_members(folder: Path, split_seed: int = 1) -> list[list[tuple[str, bytes]]]:
    """Return name and content of each split's photos, in its order."""
    with zipfile.ZipFile(folder / "train.zip") as archive:
        names = [name for name in archive.namelist() if name.endswith(".jpg")]
        members = {hashlib.sha256(archive.read(name)).hexdigest(): name for name in names}
        ordered = [(split_of(each, split_seed), members[each]) for each in sorted(members)]
        return [[(n, archive.read(n)) for part, n in ordered if part == split] for split in SPLITS]


def test_each_photo_is_in_the_split_of_its_content_and_prepared_as_the_gateway_does(
    pets: Path,
) -> None:
    data = load(pets)

    assert data.labels == ("cat", "dog")
    assert data.damaged == ()
    assert data.split_seed == 1
    for split, members in zip(data.splits, split_members(pets), strict=True):
        for (name, content), photo, label in zip(
            members, split.photos[:], split.classes, strict=True
        ):
            assert np.array_equal(photo, prepare(content, "squash/1", SHAPE))
            assert data.labels[label] in name


def test_another_seed_splits_the_same_photos_differently_and_has_another_digest(pets: Path) -> None:
    first, second = load(pets), load(pets, split=2)

    def contents(data: DataSet) -> set[bytes]:
        return {photo.tobytes() for split in data.splits for photo in split.photos[:]}

    assert [len(split) for split in second.splits] == list(map(len, split_members(pets, 2)))
    assert not np.array_equal(first.test.photos[:], second.test.photos[:])
    assert contents(first) == contents(second)
    assert first.digest != second.digest
    assert second.split_seed == 2


def test_classes_are_mixed_within_a_split(pets: Path) -> None:
    assert load(pets).training.classes[:14].sum() == pytest.approx(7, abs=5)


def test_photos_are_prepared_once(pets: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = load(pets)
    monkeypatch.setattr(prepared_photos, "prepare_photo", None)

    again = load(pets)

    assert np.array_equal(first.training.photos[:], again.training.photos[:])
    assert again.digest == first.digest


def test_another_archive_is_prepared_again(pets: Path) -> None:
    first = load(pets)
    for number in range(20, 40):
        add(pets, f"train/cat.{number}.jpg", encoded((40, 30), number))

    again = load(pets)

    assert again.digest != first.digest
    assert {photo.tobytes() for photo in first.test.photos[:]} < {
        photo.tobytes() for photo in again.test.photos[:]
    }


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

    assert sum(map(len, load(None).splits)) == 40


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
