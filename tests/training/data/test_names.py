"""The names of a data set's photos: each is that of the very photo."""

import gzip
import os
import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from serving.photos import prepare
from tests.idx import write_fashion_mnist
from tests.training.backbones import write_photos
from tests.training.conftest import pet_images, zipped
from tests.training.data.loaders.test_image_folders import SHAPE, load
from tests.training.data.loaders.test_mnist import arrays
from training.data.datasets import DataSet, Split
from training.data.loaders.cats_dogs import load_cats_dogs
from training.data.loaders.fashion_mnist import load_fashion_mnist
from training.data.loaders.mnist import load_mnist

ODD = ("a, b.png", 'say "cheese".png', "two\nlines.png", "=1+1.png", "cafe\u0301.png", " .png")


def named(data: DataSet) -> Iterator[tuple[str, np.ndarray, str]]:
    """Yield the name, the pixels and the label of all photos."""
    for split in data.splits:
        for name, pixels, index in zip(
            data.names(split), np.asarray(split.photos), split.classes, strict=True
        ):
            yield name, pixels, data.labels[index]


def check_files(data: DataSet, count: int) -> list[str]:
    """Check that the names are paths of the photos' files, and return them."""
    found = list(named(data))
    assert len({name for name, _, _ in found}) == len(found) == count
    for name, pixels, label in found:
        assert os.path.isabs(name)
        assert np.array_equal(pixels, prepare(Path(name).read_bytes(), "squash/1", SHAPE))
        assert f"/{label}/" in name
    return [name for name, _, _ in found]


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    return write_photos(tmp_path / "photos", {"cats": 12, "dogs": 12})


def test_photos_in_folders_have_the_paths_of_their_files(photos: Path) -> None:
    names = check_files(load(photos), 24)

    assert str(photos / "cats" / "3.png") in names
    assert sorted(check_files(load(Path("photos")), 24)) == sorted(names), "from a relative path"


def test_odd_names_are_those_of_the_files(photos: Path) -> None:
    for number, name in enumerate(ODD):
        (photos / "cats" / f"{number}.png").rename(photos / "cats" / name)
    raw = os.fsencode(photos / "cats") + b"/caf\xe9.png"
    os.rename(os.fsencode(photos / "cats" / "9.png"), raw)

    names = check_files(load(photos), 24)

    assert {str(photos / "cats" / name) for name in ODD} < set(names)
    assert os.fsdecode(raw) in names


def test_copies_and_damaged_photos_leave_the_names_aligned(photos: Path) -> None:
    for number in range(6):
        shutil.copy(photos / "cats" / f"{number}.png", photos / "cats" / f"0 copy {number}.png")
    (photos / "dogs" / "0.png").write_bytes(b"no photo")
    shutil.copy(photos / "dogs" / "5.png", photos / "cats" / "dog.png")

    names = check_files(load(photos), 22)

    assert not any(name.endswith(("dogs/0.png", "dogs/5.png", "dog.png")) for name in names)


def test_photos_that_fill_an_empty_split_keep_their_names(tmp_path: Path) -> None:
    data = load(write_photos(tmp_path / "few", {"cats": 3, "dogs": 3}))

    assert [len(split) for split in data.splits] == [2, 2, 2]
    check_files(data, 6)


def test_folders_of_splits_and_links_have_the_paths_as_they_are_reached(
    photos: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "splits"
    for first, split in enumerate(("train", "val", "test")):
        write_photos(folder / split, {"cats": 4, "dogs": 4}, first=100 * (1 + first))
    (folder / "train" / "cats" / "linked").symlink_to(photos / "cats")

    data = load(folder)

    assert str(folder / "train" / "cats" / "linked" / "1.png") in check_files(data, 24 + 12)
    assert all("/splits/test/" in name for name in data.names(data.test))


def test_photos_of_a_list_have_the_paths_of_the_list(photos: Path) -> None:
    rows = [f"../photos/{label}/{n}.png,{label}" for label in ("cats", "dogs") for n in range(11)]
    rows += [f"{photos}/{label}/11.png,{label}" for label in ("cats", "dogs")]
    lists = photos.parent / "lists"
    lists.mkdir()
    (lists / "photos.csv").write_text("\n".join(["path,label", *rows]))

    names = check_files(load(lists / "photos.csv"), 24)

    assert f"{lists}/../photos/cats/0.png" in names
    assert f"{photos}/cats/11.png" in names


@pytest.mark.parametrize("archived", [True, False])
def test_cats_and_dogs_are_named_in_the_archive_or_as_files(tmp_path: Path, archived: bool) -> None:
    path, members = tmp_path / "kagglecatsanddogs_5340.zip", pet_images()
    good = {name: content for name, content in members.items() if content}
    path.write_bytes(zipped(good))
    if not archived:
        with zipfile.ZipFile(path) as archive:
            archive.extractall(tmp_path)
        path.unlink()

    data = load_cats_dogs(tmp_path, "squash/1", SHAPE, lambda done, total: None)

    root = f"{path.name}/" if archived else f"{tmp_path}/"
    for name, pixels, label in named(data):
        content = members[name.removeprefix(root)]
        assert np.array_equal(pixels, prepare(content, "squash/1", SHAPE))
        assert f"PetImages/{label.title()}/" in name


def test_photos_of_arrays_are_named_by_file_and_position(tmp_path: Path) -> None:
    write_fashion_mnist(tmp_path)
    np.savez(tmp_path / "mnist.npz", allow_pickle=False, **arrays())
    for number, (name, pixels, _) in enumerate(named(load_fashion_mnist(tmp_path, 0.1))):
        file, _, position = name.partition("#")
        content = gzip.decompress((tmp_path / file).read_bytes())[16:]
        assert content[int(position) * 784 :][:784] == pixels.tobytes()
        assert file.startswith("train-" if number < 200 else "t10k-")
    for name, pixels, _ in named(load_mnist(tmp_path, 0.25)):
        array, _, position = name.removeprefix("mnist.npz/").partition("#")
        assert np.array_equal(arrays()[array][int(position)], pixels[..., 0])


def test_photos_without_names_are_numbered() -> None:
    split = Split(np.zeros((3, 2, 2, 1), np.uint8), np.array([0, 1, 0]))

    assert DataSet("squares", ("a", "b"), "", split, split, split).names(split) == [
        "squares#0",
        "squares#1",
        "squares#2",
    ]
