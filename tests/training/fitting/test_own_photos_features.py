"""Own photos and others with a frozen backbone: features, and the warm-up of a head."""

import hashlib
import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from tests.training.backbones import backbone_of, tiny, write_photos
from training.data.additions import with_own_photos
from training.data.batches import TrainingBatches
from training.data.datasets import DataSet
from training.data.epoch_photos import photos_of_epoch
from training.data.loading import load
from training.data.photo_contents import contents
from training.fitting.feature_cache import with_features
from training.fitting.head_warmup import fit_head_warmup
from training.networks.building import network_to_fit
from training.networks.prediction import predict_batches
from training.recipe import OwnPhotos, Recipe
from training.settings import FineTuning

pytestmark = pytest.mark.integration

CONSOLE = Console(file=io.StringIO())


@pytest.fixture
def recipe() -> Recipe:
    tuned = tiny(FineTuning("conv_pw_2_relu", head_epochs=1), units=0)
    return replace(tuned, class_weights="balanced")


@pytest.fixture
def data(recipe: Recipe, tmp_path: Path) -> DataSet:
    """Return photos of two classes with own ones of one, and others from two folders."""
    photos = write_photos(tmp_path / "photos", {"a": 20, "b": 20})
    first = write_photos(tmp_path / "first", {"other": 9}, first=100)
    second = write_photos(tmp_path / "second", {"b": 12, "other": 9}, first=200)
    found = load(replace(recipe, own=OwnPhotos(photos=str(first))), photos, CONSOLE)
    own = replace(recipe, own=OwnPhotos(photos=str(second)))
    found = with_own_photos(found, own, lambda done, total: None)
    return with_features(recipe, found, backbone_of(recipe), CONSOLE)


def test_each_photo_has_its_own_features_and_content(data: DataSet) -> None:
    assert data.own
    assert data.others
    assert data.others.name == "first, second"
    assert [sum(map(len, part.splits)) for part in (data.own, data.others)] == [12, 18]
    for split in (*data.own.splits, *data.others.splits):
        expected = predict_batches(data.backbone.frozen, np.asarray(split.photos), 8)
        found = np.asarray(split.features[0][:], np.float32)
        assert found == pytest.approx(np.concatenate(expected), rel=1e-2, abs=1e-2)
        files = [hashlib.sha256(Path(name).read_bytes()).hexdigest() for name in split.names]
        assert contents(data, split) == files


def test_others_weigh_as_one_photo_and_are_no_class(data: DataSet, recipe: Recipe) -> None:
    batches = TrainingBatches(data, recipe)

    for index in range(len(batches)):
        _, targets, weights = batches[index]
        is_other = targets.max(axis=1) == 0.5
        assert (weights[is_other] == 1).all()
        assert len(set(weights[targets[:, 1] == 1].tolist())) <= 1


def test_a_head_is_warmed_up_with_them(data: DataSet, recipe: Recipe) -> None:
    network = network_to_fit(recipe, 2, data.backbone)
    before = network.get_weights()

    fit_head_warmup(recipe, network, data)

    assert 2 in photos_of_epoch(data, recipe, 0).classes
    after = network.get_weights()
    assert all(np.isfinite(each).all() for each in after)
    assert any((one != two).any() for one, two in zip(before, after, strict=True))
