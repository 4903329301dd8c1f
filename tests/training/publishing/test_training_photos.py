"""The digests of training photos that runs and versions keep."""

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from tests.training.backbones import tiny, write_photos
from training.data.datasets import DataSet, Split
from training.data.loading import load
from training.data.photo_contents import contents
from training.errors import TrainingError
from training.model_cards import VERSION_CARD
from training.publishing.card import model_card
from training.publishing.training_overlap import note_training_photos
from training.publishing.training_photos import (
    TRAINING_PHOTOS,
    read_training_photos,
    seen,
    training_digests,
    write_training_photos,
)

RECIPE = tiny()


def loaded(folder: Path, split_seed: int = 1) -> DataSet:
    return load(replace(RECIPE, split_seed=split_seed), folder, Console(quiet=True))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_photos(tmp_path / "shapes", {"moon": 30, "sun": 30})


@pytest.fixture
def run(tmp_path: Path) -> Path:
    path = tmp_path / "run"
    path.mkdir()
    return path


def test_of_files_they_are_of_the_files(folder: Path) -> None:
    data = loaded(folder)
    digests = training_digests(data)

    files = {hashlib.sha256(path.read_bytes()).digest() for path in folder.rglob("*.png")}
    numbers = {int.from_bytes(digest[:8], "big") for digest in files}
    assert digests.dtype == np.uint64
    assert len(digests) == len(data.training)
    assert {*digests.tolist()} < numbers
    assert (digests[1:] > digests[:-1]).all()
    found = [seen(contents(data, split), digests) for split in data.splits]
    assert [mask.mean() for mask in found] == [1, 0, 0]


def test_of_arrays_they_are_of_the_pixels() -> None:
    photos = np.arange(24, dtype=np.uint8).reshape(6, 2, 2, 1)
    first, rest = (Split(part, np.zeros(len(part), np.int64)) for part in (photos[:4], photos[3:]))
    data = DataSet("pixels", ("a", "b"), "", first, first, rest)

    digest = hashlib.sha256(bytes([0, 1, 2, 3])).digest()
    assert int.from_bytes(digest[:8], "big") in training_digests(data).tolist()
    assert seen(contents(data, rest), training_digests(data)).tolist() == [True, False, False]


def test_they_are_read_back_from_runs_and_versions(tmp_path: Path) -> None:
    digests = np.array([1, 2**64 - 1], np.uint64)
    (tmp_path / "7" / "assets.extra").mkdir(parents=True)
    assert read_training_photos(tmp_path / "7") is None

    write_training_photos(digests, tmp_path / TRAINING_PHOTOS)
    write_training_photos(digests, tmp_path / "7" / "assets.extra" / TRAINING_PHOTOS)
    for folder in (tmp_path, tmp_path / "7"):
        found = read_training_photos(folder)
        assert found is not None
        assert np.array_equal(found, digests)


@pytest.mark.parametrize(
    "content",
    [
        b"damaged",
        b"\x93NUMPY\x01\x00\x10\x00{'shape': (1.....\n",
        b"\x93NUMPY\x01\x00\x08\x00{'a': (\n",
    ],
    ids=["other", "shape", "cut"],
)
def test_a_damaged_file_is_one_line(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / TRAINING_PHOTOS
    path.write_bytes(content)
    with pytest.raises(TrainingError, match=r"training_photos\.npy is damaged \("):
        read_training_photos(tmp_path)
    np.save(path, np.zeros((2, 2), np.float32))
    with pytest.raises(TrainingError, match=r"it holds float32 \(2, 2\), not a list of digests"):
        read_training_photos(tmp_path)


def test_a_run_keeps_those_of_its_beginning(folder: Path, run: Path) -> None:
    data = loaded(folder)
    other = write_photos(folder.parent / "others", {"moon": 10, "sun": 10}, first=100)
    first = note_training_photos(run, data, RECIPE)

    assert np.array_equal(first, training_digests(data))
    assert np.array_equal(note_training_photos(run, loaded(other), RECIPE), first)


def test_a_run_that_started_from_another_keeps_those_of_both(folder: Path, run: Path) -> None:
    then, now = loaded(folder, split_seed=2), loaded(folder)
    before = run.parent / "before"
    before.mkdir()
    note_training_photos(before, then, RECIPE)

    found = note_training_photos(run, now, RECIPE, before)
    both = np.union1d(training_digests(now), training_digests(then))
    assert len(both) > len(now.training)
    assert np.array_equal(found, both)


@pytest.mark.parametrize("told", [True, False])
def test_a_version_without_digests_may_have_been_trained_on_what_its_card_allows(
    folder: Path, run: Path, told: bool
) -> None:
    then, now = loaded(folder, split_seed=2), loaded(folder)
    version = run.parent / "models" / "3"
    (version / VERSION_CARD).parent.mkdir(parents=True)
    card = model_card(RECIPE, then, {}, {}, {}) if told else {}
    (version / VERSION_CARD).write_text(json.dumps(card))

    found = note_training_photos(run, now, RECIPE, version)
    assert seen(then.contents(then.training) or (), found).all()
    tested = seen(contents(now, now.test), found)
    assert tested.all() != told
