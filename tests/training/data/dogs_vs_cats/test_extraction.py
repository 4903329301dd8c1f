import zipfile
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from filelock import FileLock

from tests.training.conftest import encoded
from training.__main__ import main
from training.data.dogs_vs_cats.extraction import (
    DAMAGED,
    DAMAGED_LIST,
    LOCK,
    Prepared,
    prepare_dogs_vs_cats,
)
from training.data.loaders.cats_dogs import load_cats_dogs
from training.errors import TrainingError


def prepared(pets: Path, folder: Path, split: int = 1) -> Prepared:
    return prepare_dogs_vs_cats(pets / "train.zip", folder, split, lambda done, total: None)


def files(folder: Path) -> dict[str, bytes]:
    found = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in found}


def add(pets: Path, name: str, content: bytes) -> None:
    with zipfile.ZipFile(pets / "train.zip", "a") as archive:
        archive.writestr(name, content)


def test_photos_are_extracted_into_folders_by_split_and_class(pets: Path, tmp_path: Path) -> None:
    made = prepared(pets, tmp_path / "out")

    found = Counter(path.parent for path in (tmp_path / "out").rglob("*.jpg"))
    assert {str(folder.relative_to(tmp_path / "out")): n for folder, n in found.items()} == {
        f"{split}/{inner}": count for (split, inner), count in made.photos.items()
    }
    assert {split for split, _ in made.photos} == {"train", "validation", "test"}
    assert sum(made.photos.values()) == 40
    with zipfile.ZipFile(pets / "train.zip") as archive:
        for name, content in files(tmp_path / "out").items():
            if name.endswith(".jpg"):
                assert content == archive.read(f"train/{Path(name).name}")


def test_the_same_archive_and_seed_give_the_same_files(pets: Path, tmp_path: Path) -> None:
    prepared(pets, tmp_path / "one")
    prepared(pets, tmp_path / "two")
    prepared(pets, tmp_path / "other", split=2)

    assert files(tmp_path / "one") == files(tmp_path / "two")
    assert files(tmp_path / "one").keys() != files(tmp_path / "other").keys()


@pytest.mark.parametrize("split", [1, 2])
def test_the_folders_load_like_the_archive(pets: Path, tmp_path: Path, split: int) -> None:
    prepared(pets, tmp_path / "out", split)
    folders, archive = (
        load_cats_dogs(folder, "squash/1", (12, 16, 3), lambda done, total: None, split)
        for folder in (tmp_path / "out", pets)
    )

    assert folders.labels == archive.labels == ("cat", "dog")
    assert folders.digest == archive.digest
    assert folders.notes == archive.notes == ()
    assert folders.split_seed == archive.split_seed == split
    for one, other in zip(folders.splits, archive.splits, strict=True):
        assert np.array_equal(one.photos[:], other.photos[:])
        assert np.array_equal(one.classes, other.classes)


def test_damaged_photos_are_set_aside_with_a_list_of_reasons(pets: Path, tmp_path: Path) -> None:
    add(pets, "train/cat.98.jpg", b"a text")
    add(pets, "train/dog.99.jpg", encoded((40, 30), 9)[:400])

    made = prepared(pets, tmp_path / "out")

    assert made.damaged == 2
    assert sum(made.photos.values()) == 40
    assert (tmp_path / "out" / DAMAGED / "cat.98.jpg").read_bytes() == b"a text"
    rows = (tmp_path / "out" / DAMAGED_LIST).read_text().splitlines()
    assert rows[0] == "photo,reason"
    assert rows[1].startswith("cat.98.jpg,")
    assert rows[2].startswith("dog.99.jpg,")
    assert "can't be read" in rows[2]


def test_an_extracted_photo_that_was_damaged_is_written_again(pets: Path, tmp_path: Path) -> None:
    prepared(pets, tmp_path / "out")
    before = files(tmp_path / "out")
    photo = next((tmp_path / "out" / "train" / "cats").iterdir())
    photo.write_bytes(bytes(photo.stat().st_size))

    prepared(pets, tmp_path / "out")

    assert files(tmp_path / "out") == before


def test_too_little_space_is_reported_before_anything_is_written(
    pets: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "training.data.dogs_vs_cats.extraction.shutil.disk_usage", lambda folder: _Disk(free=2**20)
    )

    with pytest.raises(TrainingError, match=r"has 1 MiB free, and 64 MiB are needed: make room"):
        prepared(pets, tmp_path / "out")

    assert not list((tmp_path / "out").rglob("*.jpg"))


class _Disk:
    def __init__(self, free: int) -> None:
        self.free = free


def test_a_folder_with_other_files_is_left_alone(pets: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").touch()

    with pytest.raises(TrainingError, match="is not empty: name a new folder"):
        prepared(pets, tmp_path / "out")

    assert list(files(tmp_path / "out")) == ["mine.txt"]


def test_a_folder_of_another_split_is_left_alone(pets: Path, tmp_path: Path) -> None:
    prepared(pets, tmp_path / "out")

    with pytest.raises(TrainingError, match="was made from another archive or with another split"):
        prepared(pets, tmp_path / "out", split=2)


def test_a_second_process_is_refused(pets: Path, tmp_path: Path) -> None:
    prepared(pets, tmp_path / "out")
    with (
        FileLock(tmp_path / "out" / LOCK),
        pytest.raises(TrainingError, match="is being prepared by another process"),
    ):
        prepared(pets, tmp_path / "out")


def test_the_command_prints_what_it_extracted(
    pets: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    add(pets, "train/cat.98.jpg", b"a text")
    command = ["prepare", "dogs-vs-cats", str(pets / "train.zip"), str(tmp_path / "out")]

    assert main([*command, "--seed", "3"]) == 0

    output = capsys.readouterr().out
    dogs = len(list((tmp_path / "out" / "train" / "dogs").iterdir()))
    assert f"{tmp_path}/out/train/dogs: {dogs} photos\n" in output
    assert f"1 damaged photo set aside: {tmp_path}/out/damaged.csv" in output


def test_the_command_makes_the_splits_of_recipes(pets: Path, tmp_path: Path) -> None:
    prepared(pets, tmp_path / "out", split=5)

    def test_photos(folder: Path, split: int) -> np.ndarray:
        data = load_cats_dogs(folder, "squash/1", (12, 16, 3), lambda *count: None, split)
        return np.sort(data.test.photos[:].sum(axis=(1, 2, 3)))

    assert np.array_equal(test_photos(tmp_path / "out", 1), test_photos(pets, 5))
