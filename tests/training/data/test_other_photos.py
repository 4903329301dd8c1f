"""A folder `other` beside the folders of classes: photos of none of them."""

import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from tests.training.backbones import backbone_of, tiny, write_photos
from tests.training.data.test_photo_lists import write
from training.data.datasets import DataSet
from training.data.epoch_photos import photos_of_epoch
from training.data.loading import check_splitting, load
from training.errors import TrainingError, UsageError
from training.fitting.feature_cache import with_features
from training.recipes import RECIPES

COUNTS = {"rose": 20, "tulip": 20, "other": 40}


def loaded(folder: Path, other: str = "unknown") -> tuple[DataSet, str]:
    output = io.StringIO()
    recipe = replace(tiny(), other=other)  # type: ignore[arg-type]
    return load(recipe, folder, Console(file=output, width=200)), output.getvalue()


def photos_in(data: DataSet) -> list[int]:
    assert data.others
    return [len(split) for split in (*data.splits, *data.others.splits)]


def test_photos_of_none_of_the_classes_are_split_but_no_class(tmp_path: Path) -> None:
    data, output = loaded(write_photos(tmp_path / "flowers", COUNTS))

    assert data.labels == ("rose", "tulip")
    assert data.others
    assert sum(photos_in(data)[:3]) == 40
    assert sum(photos_in(data)[3:]) == 40
    assert all(len(split) > 0 for split in data.others.splits)
    assert all(set(split.classes) == {2} for split in data.others.splits)
    training = data.others.training
    blue = np.asarray(training.photos)
    assert (blue[..., 2] >= 150).all(), "the third folder is blue"
    assert all("/other/" in name for name in training.names)
    assert len(set(data.contents(training) or [])) == len(training)
    assert "other: 40 photos of none of the classes" in output
    assert "--set other=class" in output


def test_other_is_a_class_on_request(tmp_path: Path) -> None:
    data, output = loaded(write_photos(tmp_path / "flowers", COUNTS), other="class")

    assert data.labels == ("other", "rose", "tulip")
    assert data.others is None
    assert "none of the classes" not in output


def test_a_list_and_folders_of_splits_have_others_too(tmp_path: Path) -> None:
    folder = write_photos(tmp_path / "flowers", COUNTS)
    rows = [
        {"path": f"{label}/{number}.png", "label": label}
        for label, count in COUNTS.items()
        for number in range(count)
    ]
    listed, _ = loaded(write(folder / "list.csv", rows))
    assert photos_in(listed) == photos_in(loaded(folder)[0])

    splits = tmp_path / "splits"
    write_photos(splits / "train", {"rose": 5, "tulip": 5, "other": 6})
    write_photos(splits / "val", {"rose": 5, "tulip": 5}, first=20)
    write_photos(splits / "test", {"rose": 5, "tulip": 5, "other": 4}, first=40)

    assert photos_in(loaded(splits)[0]) == [10, 10, 10, 6, 0, 4]


@pytest.mark.parametrize("name", ["Other", "others"])
def test_only_the_exact_name_counts_and_similar_ones_are_mentioned(
    tmp_path: Path, name: str
) -> None:
    data, output = loaded(write_photos(tmp_path / "flowers", {"rose": 5, "tulip": 5, name: 5}))

    assert name in data.labels
    assert data.others is None
    assert f"{name!r} is a class like any other" in output


@pytest.mark.parametrize(
    ("counts", "message"),
    [
        ({"rose": 9, "other": 9}, r"only the class 'rose' beside 'other'.*--set other=class"),
        ({"other": 9}, r"has no class beside 'other'"),
        ({"rose": 9, "tulip": 9, "other": 2}, "2 usable photos of 'other'; a split needs"),
    ],
    ids=["one class", "no class", "few"],
)
def test_too_few_classes_or_photos_beside_other_are_reported(
    tmp_path: Path, counts: dict[str, int], message: str
) -> None:
    with pytest.raises(TrainingError, match=message):
        loaded(write_photos(tmp_path / "flowers", counts))


def test_others_in_other_splits_than_training_are_reported(tmp_path: Path) -> None:
    write_photos(tmp_path / "train", {"rose": 5, "tulip": 5})
    write_photos(tmp_path / "val", {"rose": 5, "tulip": 5}, first=20)
    write_photos(tmp_path / "test", {"rose": 5, "tulip": 5, "other": 5}, first=40)

    with pytest.raises(TrainingError, match="no photos of 'other' for training"):
        loaded(tmp_path)


def test_the_setting_is_refused_where_there_are_no_folders_of_classes() -> None:
    with pytest.raises(UsageError, match="other has no effect: fashion-mnist"):
        check_splitting(replace(RECIPES["clothing-cnn"], other="class"))


def test_a_head_is_fitted_to_the_features_of_others(tmp_path: Path) -> None:
    recipe = tiny()
    data, _ = loaded(write_photos(tmp_path / "flowers", COUNTS))
    backbone = backbone_of(recipe)

    found = with_features(recipe, data, backbone, Console(file=io.StringIO()))

    assert found.others
    epoch = photos_of_epoch(found, recipe, 0)
    assert len(epoch) == len(found.training) + len(found.others.training)
    expected = backbone.frozen.predict_on_batch(np.asarray(found.others.training.photos))
    np.testing.assert_allclose(epoch.features[0][len(found.training) :], expected, atol=1e-4)
