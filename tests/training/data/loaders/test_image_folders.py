import os
import unicodedata
from pathlib import Path

import numpy as np
import pytest

from serving.photos import prepare
from tests.training.backbones import SIDE, write_photos
from training.data import prepared_photos
from training.data.datasets import DataSet
from training.data.loaders.image_folders import load_image_folder
from training.errors import TrainingError

SHAPE = (SIDE, SIDE, 3)
COUNTS = {"роза": 20, "пион дикий": 20}


def load(folder: Path | None, split: int = 1) -> DataSet:
    return load_image_folder(folder, "flowers", split, "squash/1", SHAPE, lambda done, total: None)


def contents(photos: object) -> set[bytes]:
    return {photo.tobytes() for photo in np.asarray(photos)}


def test_folder_names_are_labels_even_with_spaces_or_cyrillic(tmp_path: Path) -> None:
    data = load(write_photos(tmp_path / "flowers", COUNTS))

    assert data.name == "flowers"
    assert data.labels == ("пион дикий", "роза")
    assert np.bincount(np.concatenate([split.classes for split in data.splits])).tolist() == [
        20,
        20,
    ]
    assert all(set(split.classes) == {0, 1} for split in data.splits)


def test_a_photo_keeps_its_split_when_others_come_and_files_are_renamed(tmp_path: Path) -> None:
    folder = write_photos(tmp_path / "flowers", COUNTS)
    before = [contents(split.photos) for split in load(folder).splits]
    (folder / "роза" / "new").mkdir()
    for path in list((folder / "роза").glob("*.png")):
        path.rename(folder / "роза" / "new" / f"renamed {path.name}")

    again = load(folder)
    assert [contents(split.photos) for split in again.splits] == before
    write_photos(folder, {"роза": 10, "пион дикий": 5}, first=20)

    after = load(folder)
    assert sum(map(len, after.splits)) == 55
    for old, split in zip(before, after.splits, strict=True):
        assert old <= contents(split.photos)


def test_every_photo_is_prepared_as_the_gateway_does(tmp_path: Path) -> None:
    folder = write_photos(tmp_path / "flowers", COUNTS)

    data = load(folder)

    for index, label in enumerate(data.labels):
        own = [split.photos[split.classes == index] for split in data.splits]
        expected = [
            prepare(path.read_bytes(), "squash/1", SHAPE) for path in (folder / label).iterdir()
        ]
        assert contents(np.concatenate(own)) == contents(expected)


def test_a_label_does_not_depend_on_its_unicode_normal_form(tmp_path: Path) -> None:
    decomposed = unicodedata.normalize("NFD", "й")
    write_photos(tmp_path / "flowers", {decomposed: 9, "ж": 9})

    assert load(tmp_path / "flowers").labels == ("ж", "й")


def test_photos_are_prepared_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = write_photos(tmp_path / "flowers", COUNTS)
    first = load(folder)
    monkeypatch.setattr(prepared_photos, "prepare_photo", None)

    again, other = load(folder), load(folder, split=2)

    assert np.array_equal(first.test.photos[:], again.test.photos[:])
    assert not np.array_equal(first.test.photos[:], other.test.photos[:])


def test_photos_are_prepared_again_if_the_code_of_their_preparation_has_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write_photos(tmp_path / "flowers", COUNTS)
    before = load(folder).training.photos[:]
    monkeypatch.setattr(prepared_photos, "prepare_photo", lambda *_: np.zeros(SHAPE, np.uint8))
    assert np.array_equal(load(folder).training.photos[:], before), "they come from the cache"
    monkeypatch.setattr(prepared_photos, "code_digest", lambda modules: "edited")

    assert not load(folder).training.photos[:].any()


@pytest.mark.parametrize("file", ["pixels", "index.json"])
@pytest.mark.parametrize("size", [None, 10])
def test_a_damaged_cache_is_rebuilt(tmp_path: Path, file: str, size: int | None) -> None:
    folder = write_photos(tmp_path / "flowers", COUNTS)
    first = load(folder).test.photos[:]
    (path,) = Path(os.environ["PHOTOLABEL_CACHE"]).glob(f"*/{file}")
    if size is None:
        path.unlink()
    else:
        os.truncate(path, size)

    assert np.array_equal(load(folder).test.photos[:], first)


def test_a_changed_photo_is_noticed(tmp_path: Path) -> None:
    folder = write_photos(tmp_path / "flowers", COUNTS)
    before = load(folder)
    (folder / "роза" / "1.png").write_bytes((folder / "роза" / "2.png").read_bytes())

    after = load(folder)

    assert after.digest != before.digest
    assert sum(map(len, after.splits)) == 39


def test_an_added_photo_is_noticed(tmp_path: Path) -> None:
    folder = write_photos(tmp_path / "flowers", COUNTS)
    before = load(folder)
    write_photos(folder, {"роза": 1}, first=20)

    after = load(folder)

    assert after.digest != before.digest
    assert sum(map(len, after.splits)) == 41


def test_files_that_are_not_photos_are_left_out_with_the_reason(tmp_path: Path) -> None:
    folder = write_photos(tmp_path / "flowers", COUNTS)
    photo = (folder / "роза" / "3.png").read_bytes()
    (folder / "роза" / "text.jpg").write_text("roses are red")
    (folder / "роза" / "torn.png").write_bytes(photo[: len(photo) // 2])
    (folder / "роза" / "empty.png").touch()
    (folder / "роза" / ".DS_Store").write_text("not counted")

    data = load(folder)

    assert sum(map(len, data.splits)) == 40
    assert [fault.partition(": ")[0] for fault in data.damaged] == [
        "роза/empty.png",
        "роза/text.jpg",
        "роза/torn.png",
    ]
    assert "does not decode" in data.damaged[2]


@pytest.mark.parametrize(
    ("counts", "message"),
    [
        ({}, "has no class, and at least two are needed: put the photos of each class into"),
        ({"rose": 9}, "has only the class 'rose', and at least two are needed: put"),
        ({"rose": 9, "tulip": 2}, "there are 2 usable photos of 'tulip'; a split needs at least 3"),
        ({"all/rose": 9, "all/tulip": 9}, "if you mean .*flowers/all, name that"),
    ],
    ids=["none", "one", "few", "above"],
)
def test_too_few_classes_or_photos_are_reported(
    tmp_path: Path, counts: dict[str, int], message: str
) -> None:
    (tmp_path / "flowers").mkdir()

    with pytest.raises(TrainingError, match=message):
        load(write_photos(tmp_path / "flowers", counts))


def test_an_archive_in_the_folder_must_be_unpacked_first(tmp_path: Path) -> None:
    (tmp_path / "flowers.zip").touch()

    with pytest.raises(TrainingError, match=r"unpack flowers\.zip first"):
        load(tmp_path)


def test_without_a_folder_the_error_says_what_to_name(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="a sub-folder for each class with --data FOLDER"):
        load(None)
    with pytest.raises(TrainingError, match="does not exist"):
        load(tmp_path / "none")


def test_a_photo_that_changes_while_it_is_read_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write_photos(tmp_path / "flowers", COUNTS)
    digests = prepared_photos.content_digests

    def change_afterwards(sources: object) -> object:
        found = digests(sources)  # type: ignore[arg-type]
        write_photos(folder, {"роза": 1, "пион дикий": 2}, first=5)
        (folder / "роза" / "1.png").write_bytes(b"other")
        return found

    monkeypatch.setattr("training.data.labelled_photos.content_digests", change_afterwards)

    with pytest.raises(TrainingError, match=r"роза/1\.png changed while it was being read"):
        load(folder)


def test_labels_that_differ_in_capital_letters_only_are_noted(tmp_path: Path) -> None:
    data = load(write_photos(tmp_path / "pets", {"Cats": 5, "cats": 6, "dogs": 5}))

    assert data.labels == ("Cats", "cats", "dogs")
    assert data.notes == (
        "'Cats' and 'cats' are different classes: give them the same name if they are one",
    )


def test_folders_whose_accents_are_written_differently_are_one_class(tmp_path: Path) -> None:
    """As after copying one of them from a Mac."""
    composed, decomposed = (unicodedata.normalize(form, "café") for form in ("NFC", "NFD"))
    folder = tmp_path / "splits"
    write_photos(folder / "train", {composed: 5, "tea": 5})
    write_photos(folder / "test", {decomposed: 5, "tea": 5}, first=9)

    assert load(folder).labels == load(folder / "test").labels == (composed, "tea")
    write_photos(folder / "test", {composed: 4}, first=50)
    data = load(folder / "test")
    assert (data.labels, sum(map(len, data.splits))) == ((composed, "tea"), 14)
