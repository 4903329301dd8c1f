"""Microsoft's archive of cats and dogs, which is downloaded."""

import hashlib
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.training.conftest import encoded, pet_images, zipped
from tests.training.file_server import Publisher, serving
from training.data.datasets import DataSet
from training.data.dogs_vs_cats.extraction import prepare_dogs_vs_cats
from training.data.loaders import cats_dogs
from training.data.loaders.cats_dogs import ARCHIVE, load_cats_dogs
from training.data.photo_archives import MAX_PHOTO_BYTES
from training.errors import TrainingError

SHAPE = (12, 16, 3)


def load(folder: Path | None) -> DataSet:
    return load_cats_dogs(folder, "squash/1", SHAPE, lambda done, total: None)


def contents(data: DataSet) -> list[bytes]:
    """Return the prepared photos of all splits, sorted."""
    return sorted(photo.tobytes() for split in data.splits for photo in split.photos[:])


@pytest.fixture
def publisher(monkeypatch: pytest.MonkeyPatch) -> Iterator[Publisher]:
    """Publish a small archive in place of Microsoft's."""
    archive = zipped(pet_images())
    known = replace(ARCHIVE, size=len(archive), sha256=hashlib.sha256(archive).hexdigest())
    monkeypatch.setattr(cats_dogs, "ARCHIVE", known)
    with serving(Publisher({ARCHIVE.name: archive})) as publisher:
        monkeypatch.setenv("PHOTOLABEL_MIRROR", publisher.url)
        yield publisher


@pytest.fixture
def unpacked(tmp_path: Path) -> Path:
    for name, content in pet_images().items():
        path = tmp_path / "unpacked" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return tmp_path / "unpacked"


def test_without_photos_the_archive_is_downloaded_once(publisher: Publisher) -> None:
    data = load(None)

    assert data.labels == ("cat", "dog")
    assert sum(map(len, data.splits)) == 40
    assert all(set(split.classes) == {0, 1} for split in data.splits)
    assert contents(load(None)) == contents(data)
    assert len(publisher.requests) == 1


def test_cats_are_cats_and_dogs_are_dogs(publisher: Publisher) -> None:
    for split in load(None).splits:
        dark = np.asarray(split.photos[:]).mean(axis=(1, 2, 3)) < 90
        assert np.array_equal(split.classes == 0, dark)


def test_its_damaged_photos_are_left_out_and_listed(publisher: Publisher) -> None:
    listed = " ".join(load(None).damaged)

    assert "PetImages/Cat/666.jpg" in listed
    assert "PetImages/Dog/11702.jpg" in listed


def test_the_unpacked_folder_is_taken_too(publisher: Publisher, unpacked: Path) -> None:
    expected = contents(load(None))
    publisher.requests.clear()

    assert contents(load(unpacked)) == expected
    assert contents(load(unpacked / "PetImages")) == expected
    assert publisher.requests == []


def test_archives_of_the_user_come_first_and_kaggles_before_microsofts(
    publisher: Publisher, pets: Path
) -> None:
    (pets / ARCHIVE.name).write_bytes(
        zipped({**pet_images(), "PetImages/Cat/99.jpg": encoded((8, 8), 70)})
    )
    kaggles = load(pets)
    assert not kaggles.damaged

    (pets / "train.zip").unlink()
    assert sum(map(len, load(pets).splits)) == 41
    assert publisher.requests == []


def test_prepare_takes_the_archive(publisher: Publisher, tmp_path: Path) -> None:
    path = tmp_path / ARCHIVE.name
    path.write_bytes(publisher.files[ARCHIVE.name])

    made = prepare_dogs_vs_cats(path, tmp_path / "out", 1, lambda done, total: None)

    assert sum(made.photos.values()) == 40
    assert made.damaged == 2
    assert contents(load(tmp_path / "out")) == contents(load(None))
    assert {path.name for path in (tmp_path / "out" / "damaged").iterdir()} == {
        "cat.666.jpg",
        "dog.11702.jpg",
    }


def test_the_error_says_where_the_archive_is_and_where_to_put_it(tmp_path: Path) -> None:
    with pytest.raises(TrainingError) as raised:
        load(tmp_path)
    for part in (ARCHIVE.url, str(tmp_path), "refused", "put it at", "--data", "PHOTOLABEL_DATA"):
        assert part in str(raised.value)


def test_another_archive_is_not_taken_for_the_published_one(publisher: Publisher) -> None:
    fewer = dict(list(pet_images().items())[5:])
    publisher.files[ARCHIVE.name] = zipped(fewer)

    with pytest.raises(TrainingError, match="cannot download"):
        load(None)


@pytest.mark.parametrize("damage", ["cut", "overwritten"])
def test_a_damaged_archive_is_an_error_never_a_smaller_data_set(
    publisher: Publisher, tmp_path: Path, damage: str
) -> None:
    content = bytearray(publisher.files[ARCHIVE.name])
    if damage == "cut":
        del content[-1000:]
    else:
        content[5000:6000] = bytes(1000)
    (tmp_path / ARCHIVE.name).write_bytes(content)

    with pytest.raises(TrainingError, match=r"kagglecatsanddogs_5340\.zip is .* download it again"):
        load(tmp_path)


def test_an_archive_with_a_password_is_an_error(publisher: Publisher, tmp_path: Path) -> None:
    content = bytearray(publisher.files[ARCHIVE.name])
    directory = content.index(b"PK\x01\x02")
    content[6] |= 1
    content[directory + 8] |= 1
    (tmp_path / ARCHIVE.name).write_bytes(content)

    with pytest.raises(TrainingError, match=r"PetImages/Cat/0\.jpg: .*(password|encrypted)"):
        load(tmp_path)


def test_an_archive_for_later_programs_is_an_error(publisher: Publisher, tmp_path: Path) -> None:
    content = bytearray(publisher.files[ARCHIVE.name])
    content[content.index(b"PK\x01\x02") + 6] = 99  # The version that is needed to extract it.
    (tmp_path / ARCHIVE.name).write_bytes(content)

    with pytest.raises(TrainingError, match=r"is not a valid zip file \(zip file version 9\.9\)"):
        load(tmp_path)


def test_a_member_that_would_fill_the_memory_is_an_error(pets: Path) -> None:
    with zipfile.ZipFile(pets / "train.zip", "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("train/cat.999.jpg", bytes(MAX_PHOTO_BYTES + 1))

    with pytest.raises(TrainingError, match=r"cat\.999\.jpg: it has more than 67,108,864 bytes"):
        load(pets)


def test_a_folder_that_was_not_unpacked_completely_is_noted(
    unpacked: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = unpacked / "PetImages"
    note = f"{folder} has 42 of 25,000 photos: was all of it unpacked?"
    assert load(unpacked).notes == (note,)

    monkeypatch.setattr(cats_dogs, "_PUBLISHED", 42)
    assert load(unpacked).notes == ()
