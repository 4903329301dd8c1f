"""Own photos in addition to a data set."""

import io
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from rich.console import Console

from tests.training.backbones import tiny, write_photos
from tests.training.conftest import zipped
from training.data.datasets import Addition, DataSet
from training.data.loading import load
from training.data.photo_contents import contents
from training.errors import TrainingError, UsageError
from training.publishing.training_photos import training_digests
from training.recipe import OwnPhotos
from training.recipes import RECIPES

GARMENTS = RECIPES["clothing-dense128-adam"]
COUNTS = {"T-shirt_top": 30, "ankle boots": 12, "other": 20}

Load = Callable[..., tuple[DataSet, str]]


@pytest.fixture
def loaded(garments: Path) -> Load:
    """Return a function that loads drawn Fashion-MNIST with own photos, and what is printed."""

    def with_own(path: Path) -> tuple[DataSet, str]:
        output = io.StringIO()
        recipe = replace(GARMENTS, own=OwnPhotos(photos=str(path)))
        return load(recipe, garments, Console(file=output)), output.getvalue()

    return with_own


def counts(part: Addition | None) -> list[int]:
    assert part
    numbers: list[int] = np.bincount(
        np.concatenate([each.classes for each in part.splits])
    ).tolist()
    return numbers


def own_of(data: DataSet) -> Addition:
    assert data.own
    return data.own


def archive_of(folder: Path, root: str = "") -> dict[str, bytes]:
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    return {f"{root}{path.relative_to(folder)}": path.read_bytes() for path in files}


def test_own_photos_and_others_are_split_by_content(tmp_path: Path, loaded: Load) -> None:
    data, printed = loaded(write_photos(tmp_path / "mine", COUNTS))

    assert counts(data.own) == [30, *[0] * 8, 12]
    assert counts(data.others) == [*[0] * 10, 20]
    for part in (data.own, data.others):
        assert part
        assert all(len(split) for split in part.splits)
        assert part.name == "mine"
        for split in part.splits:
            assert split.photos.shape[1:] == (28, 28, 1)
            assert contents(data, split) == sorted(contents(data, split))
    assert len(data.training) == 190  # The data set's own split stays as it is.
    assert "own photos (mine): " in printed
    assert "photos of none of the classes (mine): " in printed


def test_a_zip_file_holds_the_same_photos_as_its_folder(tmp_path: Path, loaded: Load) -> None:
    folder = write_photos(tmp_path / "mine", COUNTS)
    (tmp_path / "mine.zip").write_bytes(
        zipped(
            {
                **archive_of(folder, "home-train/"),
                "home-train/readme.txt": b"about",
                "home-train/Dress/": b"",
                "home-train/Dress/.DS_Store": b"macOS",
                "__MACOSX/home-train/other/._0.png": b"macOS",
            }
        )
    )

    plain, _ = loaded(folder)
    packed, printed = loaded(tmp_path / "mine.zip")

    assert own_of(packed).digest == own_of(plain).digest
    assert own_of(packed).training.names[0].startswith("mine.zip/home-train/")
    assert "left out 2 files: 1 hidden, 1 in __MACOSX" in printed
    assert packed.digest == plain.digest
    assert packed.whole_digest == plain.whole_digest != packed.digest


def test_a_list_may_name_splits(tmp_path: Path, loaded: Load) -> None:
    folder = write_photos(tmp_path / "mine", {"Bag": 4})
    paths = sorted((folder / "Bag").iterdir())
    splits = ("train", "train", "val", "test")
    rows = [f"{path},bag,{split}" for path, split in zip(paths, splits, strict=True)]
    (tmp_path / "mine.csv").write_text("\n".join(["path,label,split", *rows]), "utf-8")

    data, _ = loaded(tmp_path / "mine.csv")

    assert [len(split) for split in own_of(data).splits] == [2, 1, 1]
    assert data.others is None


def test_folders_of_splits_are_the_splits(tmp_path: Path, loaded: Load) -> None:
    for first, (split, photos) in enumerate({"train": 5, "test": 2}.items()):
        write_photos(tmp_path / "mine" / split, {"Bag": photos}, first=10 * first)

    data, _ = loaded(tmp_path / "mine")

    assert [len(split) for split in own_of(data).splits] == [5, 0, 2]


def test_few_photos_are_only_trained_on(tmp_path: Path, loaded: Load) -> None:
    data, printed = loaded(write_photos(tmp_path / "mine", {"Bag": 2, "Coat": 9}))

    bag = data.labels.index("Bag")
    assert [bag in split.classes for split in own_of(data).splits] == [True, False, False]
    assert "2 own photos of 'Bag', too few to split: only trained on" in printed


def test_an_unknown_folder_is_refused_naming_the_labels(tmp_path: Path, loaded: Load) -> None:
    with pytest.raises(TrainingError, match=r"folder 'Hat' .*none of the labels: .*Ankle boot; 'o"):
        loaded(write_photos(tmp_path / "mine", {"Hat": 3, "Bag": 3}))


def test_damaged_photos_and_copies_are_left_out_and_listed(tmp_path: Path, loaded: Load) -> None:
    folder = write_photos(tmp_path / "mine", {"Bag": 9, "Coat": 9, "other": 9})
    photo = next((folder / "Bag").iterdir())
    (folder / "Bag" / "copy.png").write_bytes(photo.read_bytes())
    (folder / "Bag" / "broken.jpg").write_bytes(b"\xff\xd8\xff broken")
    twice = next((folder / "Coat").iterdir())
    (folder / "other" / "coat.png").write_bytes(twice.read_bytes())

    data, printed = loaded(folder)

    assert sum(counts(data.own)) == 17
    assert sum(counts(data.others)) == 9
    assert "left out: mine: Bag/broken.jpg: " in printed
    assert "a copy of Bag/" in printed
    assert "the same photo under different labels" in printed


def test_photos_of_the_data_set_are_not_added(tmp_path: Path, loaded: Load) -> None:
    folder = write_photos(tmp_path / "mine", {"Bag": 9})
    without, _ = loaded(folder)
    for name, split in zip("abc", without.splits, strict=True):
        Image.fromarray(np.asarray(split.photos[0])[..., 0]).save(folder / "Bag" / f"{name}.png")
    unlike = replace(GARMENTS, preparation="squash/1", own=OwnPhotos(photos=str(folder)))

    data = load(unlike, tmp_path / "garments", Console(file=(output := io.StringIO())))

    assert sum(counts(data.own)) == 9
    for name, where in zip("abc", ("training", "validation", "test"), strict=True):
        assert f"Bag/{name}.png: fashion-mnist has it among its {where} photos" in output.getvalue()


def test_files_of_a_data_set_of_files_are_compared(tmp_path: Path) -> None:
    photos = write_photos(tmp_path / "flowers", {"daisy": 20, "rose": 20})
    mine = write_photos(tmp_path / "mine", {"Daisies": 0, "daisy": 6, "other": 6}, first=18)
    recipe = replace(tiny(), own=OwnPhotos(photos=str(mine)))

    data = load(recipe, photos, Console(file=io.StringIO()))

    assert counts(data.own) == [4]
    assert counts(data.others) == [0, 0, 6]
    known = {each for split in data.splits for each in contents(data, split)}
    assert not known & {each for split in own_of(data).splits for each in contents(data, split)}


def test_all_photos_that_are_trained_on_are_noted(tmp_path: Path, loaded: Load) -> None:
    data, _ = loaded(write_photos(tmp_path / "mine", COUNTS))

    assert data.others
    photos = sum(map(len, (data.training, own_of(data).training, data.others.training)))
    assert len(training_digests(data)) == photos


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({"../Bag/1.png": b"x"}, "points outside the folder"),
        ({"1.png": b"x"}, "has no photos in folders named as the labels: T-shirt/top"),
        ({"Bag/1.png": b"not a photo"}, r"no photo in .* can be used \(Bag/1.png: "),
    ],
)
def test_unsafe_and_empty_archives_are_refused(
    tmp_path: Path, loaded: Load, members: dict[str, bytes], message: str
) -> None:
    (tmp_path / "mine.zip").write_bytes(zipped(members))

    with pytest.raises(TrainingError, match=message):
        loaded(tmp_path / "mine.zip")


def test_what_is_no_zip_file_or_has_a_password_is_refused(tmp_path: Path, loaded: Load) -> None:
    path = tmp_path / "mine.zip"
    path.write_bytes(b"not a zip file")
    with pytest.raises(TrainingError, match="not a valid zip file"):
        loaded(path)
    content = bytearray(zipped({"Bag/1.png": b"x"}))
    for signature, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(signature) + flags] |= 1
    path.write_bytes(content)
    with pytest.raises(TrainingError, match=r"Bag/1.png in .* has a password"):
        loaded(path)


def test_other_files_are_no_own_photos(tmp_path: Path, loaded: Load) -> None:
    (tmp_path / "mine.tar").write_bytes(b"")
    with pytest.raises(UsageError, match="name a folder or a"):
        loaded(tmp_path / "mine.tar")
    with pytest.raises(UsageError, match="there are no own photos"):
        loaded(tmp_path / "nowhere")
