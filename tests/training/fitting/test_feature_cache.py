import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from tests.training.backbones import backbone_of, tiny, with_network, write_photos
from training.data.datasets import DataSet
from training.data.loading import load
from training.fitting import feature_cache
from training.fitting.feature_cache import with_features
from training.progress_bars import ProgressCallback
from training.recipe import Recipe
from training.settings import Augmentation, FineTuning


@pytest.fixture
def shapes(tmp_path: Path) -> Path:
    return write_photos(tmp_path / "shapes", {"a": 50, "b": 50, "c": 50})


@pytest.fixture
def passes(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return a list to which each pass over the photos appends the name of its view."""
    names: list[str] = []
    write = feature_cache._write

    def counted(
        path: Path, frozen: object, pixels: object, view: feature_cache.View, *rest: object
    ) -> None:
        names.append(view.name.partition("/")[0])
        write(path, frozen, pixels, view, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(feature_cache, "_write", counted)
    return names


def loaded(recipe: Recipe, folder: Path) -> DataSet:
    console = Console(file=io.StringIO())
    return with_features(recipe, load(recipe, folder, console), backbone_of(recipe), console)


def test_features_are_the_outputs_of_the_backbone(shapes: Path) -> None:
    data = loaded(tiny(), shapes)

    assert data.backbone is not None
    for split in data.splits:
        expected = data.backbone.frozen.predict_on_batch(split.photos[:])
        assert np.allclose(split.inputs[:], expected, rtol=1e-3, atol=1e-8)
        assert len(split.features) == 1


def test_one_pass_serves_all_heads_splits_and_seeds_of_known_weights(
    shapes: Path, passes: list[str], tmp_path: Path
) -> None:
    recipe = tiny()
    loaded(recipe, shapes)
    loaded(replace(recipe, split_seed=2, epochs=9), shapes)
    loaded(tiny(units=4), shapes)

    assert passes == ["plain"]


@pytest.mark.parametrize("what", ["photo", "weights", "cut", "scaling"])
def test_a_change_of_what_features_depend_on_costs_another_pass(
    shapes: Path, passes: list[str], what: str
) -> None:
    recipe = tiny()
    loaded(recipe, shapes)
    if what == "photo":
        write_photos(shapes, {"a": 1}, first=50)
    changed = {
        "photo": recipe,
        "weights": replace(recipe, seed=2),
        "cut": with_network(recipe, cut="conv_pw_2_relu"),
        "scaling": with_network(recipe, scaling="255"),
    }

    loaded(changed[what], shapes)

    assert passes == ["plain", "plain"]


def test_each_view_has_its_own_features(shapes: Path, passes: list[str]) -> None:
    recipe = with_network(tiny(), Augmentation(shift=9), mirrored=True, varied=1)

    data = loaded(recipe, shapes)

    assert passes == ["plain", "mirrored", "varied 1"]
    assert [len(split.features) for split in data.splits] == [3, 1, 1]
    plain, mirrored, varied = (view[:] for view in data.training.features)
    expected = data.backbone.frozen.predict_on_batch(data.training.photos[:][:, :, ::-1])
    assert np.allclose(mirrored, expected, rtol=1e-3, atol=1e-8)
    assert not np.allclose(varied, plain, rtol=1e-2, atol=1e-8)


def test_feature_maps_are_stored_in_half_precision(shapes: Path) -> None:
    data = loaded(tiny(FineTuning("conv_pw_2_relu")), shapes)

    kept = data.training.features[0]
    assert kept[:1].dtype == np.float16
    assert kept.shape == (len(data.training), 8, 8, 32)
    expected = data.backbone.frozen.predict_on_batch(data.training.photos[:5])
    assert np.allclose(kept[:5], expected, rtol=1e-2, atol=1e-7)


def test_an_interrupted_pass_is_continued(shapes: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recipe = tiny()
    whole = loaded(recipe, shapes).training.inputs[:]
    monkeypatch.setenv("PHOTOLABEL_CACHE", str(shapes.parent / "other"))
    computed: list[int] = []

    def interrupt(done: int, total: int) -> None:
        computed.append(done)
        if len(computed) == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(feature_cache, "counting", _reporting_to(interrupt))
    with pytest.raises(KeyboardInterrupt):
        loaded(recipe, shapes)

    again = loaded(recipe, shapes).training.inputs[:]

    assert computed == [64, 128, 150]
    assert np.array_equal(again, whole)


def _reporting_to(report: ProgressCallback) -> object:
    @contextmanager
    def counting(console: Console, what: str) -> Iterator[ProgressCallback]:
        yield report

    return counting
