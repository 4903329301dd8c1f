"""Validation figures of fits with averaged weights."""

import io
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest
from rich.console import Console

from tests.training.backbones import backbone_of, tiny, write_photos
from training.data.datasets import DataSet
from training.data.loaders.fashion_mnist import load_fashion_mnist
from training.data.loading import load
from training.fitting.averaged_weights import AveragedWeights
from training.fitting.feature_cache import with_features
from training.fitting.fit import fit
from training.metrics.evaluation import evaluate
from training.networks.backbone import fitted_part
from training.networks.dense import DenseNetwork
from training.recipe import Recipe

pytestmark = pytest.mark.integration


class LastFigures(keras.callbacks.Callback):  # type: ignore[misc]  # Keras has no types.
    """Keeps the figures of the last epoch."""

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        self.figures = dict(logs or {})


def assert_last_figures_are_those_of_the_result(recipe: Recipe, data: DataSet) -> None:
    last = LastFigures()
    network = fit(recipe, data, [last])
    part = fitted_part(network) if data.training.features else network
    found = evaluate(part, data.validation, data.labels)
    assert last.figures["val_accuracy"] == pytest.approx(found["accuracy"], abs=1e-6)
    assert last.figures["val_loss"] == pytest.approx(found["loss"], rel=1e-4)


@pytest.mark.parametrize("changes", [{}, {"steps_per_call": 2}, {"precision": "mixed_float16"}])
def test_the_last_epoch_is_validated_with_the_weights_of_the_result(
    garments: Path, tiny_recipe: Recipe, changes: dict[str, object]
) -> None:
    data = load_fashion_mnist(garments, held_out=0.2)
    averaged = replace(tiny_recipe, averaging=0.9, label_smoothing=0.0, epochs=2, batch_size=20)
    network = DenseNetwork(8) if changes else averaged.network
    recipe = replace(averaged, network=network, **changes)  # type: ignore[arg-type]  # By name.
    assert_last_figures_are_those_of_the_result(recipe, data)


def test_so_is_that_of_a_head_on_a_backbone(tmp_path: Path) -> None:
    shapes = write_photos(tmp_path / "shapes", {"a": 30, "b": 30, "c": 30})
    recipe = replace(tiny(), averaging=0.9)
    console = Console(file=io.StringIO())
    data = with_features(recipe, load(recipe, shapes, console), backbone_of(recipe), console)
    assert_last_figures_are_those_of_the_result(recipe, data)


def test_fitting_continues_with_the_very_weights_of_the_last_step() -> None:
    network = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
    network.compile(keras.optimizers.SGD(0.1, use_ema=True, ema_momentum=0.5), "mse")
    random = np.random.default_rng(0)
    photos, targets = random.random((8, 3)), random.random((8, 2))
    for _ in range(3):
        network.train_on_batch(photos, targets)
    before = [variable.numpy() for variable in (*network.weights, *network.optimizer.variables)]
    averaged = network.evaluate(photos, targets, callbacks=[AveragedWeights()], verbose=0)

    after = [variable.numpy() for variable in (*network.weights, *network.optimizer.variables)]
    assert all(np.array_equal(one, other) for one, other in zip(before, after, strict=True))
    assert averaged != network.evaluate(photos, targets, verbose=0)
