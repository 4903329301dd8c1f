from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest

from training.data.datasets import DataSet
from training.data.loaders.fashion_mnist import load_fashion_mnist
from training.errors import TrainingError
from training.fitting.fit import fit
from training.networks.building import network_to_fit
from training.networks.dense import DenseNetwork
from training.networks.starting_weights import weights_of
from training.publishing.saved_model import write_saved_model
from training.recipe import Recipe
from training.settings import Augmentation

pytestmark = pytest.mark.integration


@pytest.fixture
def data(garments: Path) -> DataSet:
    return load_fashion_mnist(garments, held_out=0.1)


@pytest.fixture
def dense_recipe(tiny_recipe: Recipe) -> Recipe:
    return replace(tiny_recipe, network=DenseNetwork(16), batch_size=20)


class Watcher(keras.callbacks.Callback):  # type: ignore[misc]  # Keras has no types.
    """Records each epoch's figures and the learning rate at each step."""

    def on_train_begin(self, logs: object = None) -> None:
        self.rates: list[float] = []
        self.epochs: list[dict[str, float]] = []

    def on_train_batch_end(self, batch: int, logs: object = None) -> None:
        self.rates.append(float(self.model.optimizer.learning_rate))

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        self.epochs.append(dict(logs or {}))


def test_a_fitted_network_classifies_photos_that_it_was_not_fitted_to(
    data: DataSet, dense_recipe: Recipe
) -> None:
    recipe = replace(
        dense_recipe,
        epochs=15,
        augmentation=Augmentation(),
        learning_rate=0.01,
        optimizer="adam",
        weight_decay=0.0,
    )
    watcher = Watcher()

    network = fit(recipe, data, [watcher])

    predictions = network.predict_on_batch(data.test.photos).argmax(axis=1)
    assert (predictions == data.test.classes).mean() > 0.9
    assert len(watcher.epochs) == 15
    assert watcher.epochs[-1]["val_accuracy"] > 0.9


def test_the_same_seed_gives_the_same_weights_and_another_seed_different_ones(
    data: DataSet, dense_recipe: Recipe
) -> None:
    first, again, other = (fit(replace(dense_recipe, seed=seed), data) for seed in (1, 1, 2))

    for weight, same in zip(first.get_weights(), again.get_weights(), strict=True):
        assert np.allclose(weight, same, atol=1e-5)
    assert not np.allclose(first.get_weights()[0], other.get_weights()[0], atol=1e-3)


def test_the_cosine_schedule_rises_to_the_learning_rate_and_falls_to_zero(
    data: DataSet, dense_recipe: Recipe
) -> None:
    recipe = replace(
        dense_recipe, epochs=4, schedule="cosine", warmup_epochs=1.0, learning_rate=0.01
    )
    watcher = Watcher()

    fit(recipe, data, [watcher])

    steps = len(data.training) // recipe.batch_size
    peak = int(np.argmax(watcher.rates))
    assert peak == pytest.approx(steps, abs=1)
    assert max(watcher.rates) == pytest.approx(0.01, rel=0.02)
    assert watcher.rates[-1] < 1e-4
    assert watcher.rates == sorted(watcher.rates[:peak]) + sorted(watcher.rates[peak:])[::-1]


def test_each_epoch_has_different_variations(data: DataSet, dense_recipe: Recipe) -> None:
    """With constant weights, only the photos can make one epoch differ from another."""
    recipe = replace(dense_recipe, epochs=3, optimizer="sgd", learning_rate=0.0, weight_decay=0.0)
    watcher = Watcher()

    fit(recipe, data, [watcher])

    losses = [figures["loss"] for figures in watcher.epochs]
    assert np.diff(sorted(losses)).min() > 1e-5
    validation = [figures["val_loss"] for figures in watcher.epochs]
    assert np.ptp(validation) < 1e-6


def test_the_last_epochs_weights_are_the_result(data: DataSet, dense_recipe: Recipe) -> None:
    """Choosing the best epoch by validation would bias the validation figures."""
    last: list[np.ndarray] = []

    class Keeper(keras.callbacks.Callback):  # type: ignore[misc]  # Keras has no types.
        def on_epoch_end(self, epoch: int, logs: object = None) -> None:
            last[:] = self.model.get_weights()

    network = fit(replace(dense_recipe, epochs=3, optimizer="sgd"), data, [Keeper()])

    for weight, kept in zip(network.get_weights(), last, strict=True):
        assert np.array_equal(weight, kept)


def test_weight_decay_shrinks_weights(data: DataSet, dense_recipe: Recipe) -> None:
    recipe = replace(dense_recipe, optimizer="adamw", epochs=3)
    free, decayed = (fit(replace(recipe, weight_decay=decay), data) for decay in (0.0, 3.0))

    kernels = [np.linalg.norm(network.get_layer("hidden").kernel) for network in (free, decayed)]
    assert kernels[1] < 0.95 * kernels[0]


def test_fitting_in_bfloat16_gives_a_float32_network(data: DataSet, tiny_recipe: Recipe) -> None:
    network = fit(replace(tiny_recipe, precision="mixed_bfloat16"), data)

    assert {weight.dtype for weight in network.get_weights()} == {np.dtype(np.float32)}


def test_a_loss_that_becomes_nan_or_infinite_stops_the_run(
    data: DataSet, dense_recipe: Recipe
) -> None:
    constant = replace(dense_recipe, schedule="constant", warmup_epochs=0.0)
    recipe = replace(constant, optimizer="sgd", learning_rate=1e38)

    with pytest.raises(TrainingError, match=r"the loss became \w+ in epoch 1: .*learning_rate"):
        fit(recipe, data)


def test_a_step_compiled_by_xla_leaves_no_xla_in_the_exported_graph(
    data: DataSet, dense_recipe: Recipe, tmp_path: Path
) -> None:
    network = fit(replace(dense_recipe, jit="on"), data)

    card = {"name": "clothing", "labels": list(data.labels), "preparation": "garment/1"}
    write_saved_model(network, card, tmp_path)

    graph = (tmp_path / "saved_model.pb").read_bytes()
    assert b"probabilities" in graph
    assert b"Xla" not in graph


def test_sgd_uses_the_momentum_of_the_recipe(data: DataSet, dense_recipe: Recipe) -> None:
    recipe = replace(dense_recipe, optimizer="sgd", epochs=2, learning_rate=0.01)
    watchers = [Watcher(), Watcher(), Watcher()]

    for momentum, watcher in zip((0.0, 0.5, 0.9), watchers, strict=True):
        fit(replace(recipe, momentum=momentum), data, [watcher])

    plain, some, much = (watcher.epochs[-1]["loss"] for watcher in watchers)
    assert much < some < plain


def test_averaged_weights_lag_behind_the_last(data: DataSet, dense_recipe: Recipe) -> None:
    recipe = replace(dense_recipe, epochs=2)

    last, averaged, lazy = (fit(replace(recipe, averaging=by), data) for by in (0.0, 0.5, 0.99))

    moved = [
        np.linalg.norm(network.get_layer("hidden").kernel - lazy.get_layer("hidden").kernel)
        for network in (last, averaged)
    ]
    assert 0 < moved[1] < moved[0]


def test_a_share_of_the_weights_at_the_start_is_kept(data: DataSet, dense_recipe: Recipe) -> None:
    start = weights_of(network_to_fit(dense_recipe, len(data.labels)))

    fitted = weights_of(fit(dense_recipe, data, weights=start))
    kept = weights_of(fit(replace(dense_recipe, kept_start=0.25), data, weights=start))

    for name, value in kept.items():
        expected = 0.25 * start[name] + 0.75 * fitted[name]
        np.testing.assert_allclose(value, expected, atol=1e-4, err_msg=name)
    assert max(np.abs(fitted[name] - start[name]).max() for name in start) > 1e-3
