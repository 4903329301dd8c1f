"""Runs that differ in their number of epochs are the same until the shorter one's rate falls."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from training.backends import current
from training.data.loaders.fashion_mnist import load_fashion_mnist
from training.fitting.fit import fit
from training.fitting.optimizers import optimizer_of
from training.fitting.shared_epochs import shared_epochs
from training.networks.dense import DenseNetwork
from training.recipe import Recipe
from training.recipes import RECIPES

CONSTANT = replace(RECIPES["clothing-dense128-adam"], network=DenseNetwork(8), batch_size=20)
DECAYING = replace(CONSTANT, schedule="warmup-stable-decay", warmup_epochs=1.0, decay_share=0.25)


@pytest.mark.parametrize(
    ("recipe", "epochs", "shared"),
    [
        (CONSTANT, 7, 7),
        (replace(CONSTANT, schedule="cosine"), 7, 0),
        (DECAYING, 8, 6),
        (DECAYING, 1, 0),
        (replace(DECAYING, decay_share=0.0), 8, 7),
        (replace(DECAYING, decay_share=0.2), 100, 80),
        (replace(DECAYING, decay_share=0.2), 7, 6),
        (replace(DECAYING, decay_share=0.2), 8, 6),
    ],
)
def test_epochs_before_the_decay_are_shared(recipe: Recipe, epochs: int, shared: int) -> None:
    assert shared_epochs(replace(recipe, epochs=epochs)) == shared


def test_the_rate_rises_stays_and_falls_by_the_square_root() -> None:
    schedule = optimizer_of(replace(DECAYING, epochs=8, learning_rate=0.5), steps=4)._learning_rate

    rates = [float(schedule(step)) for step in range(33)]

    assert rates[:4] == [0.0, 0.125, 0.25, 0.375]
    assert set(rates[4:25]) == {0.5}
    falling = [0.5 * (1 - np.sqrt(step / 8)) for step in range(9)]
    assert rates[24:] == pytest.approx(falling, abs=1e-7)
    kept = keras.optimizers.schedules.serialize(schedule)
    again = keras.optimizers.schedules.deserialize(kept)
    assert [float(again(step)) for step in range(33)] == rates


class StateAfter(keras.callbacks.Callback):  # type: ignore[misc]  # Keras has no types.
    """Keeps all that changes while a network is fitted, as it is after an epoch."""

    def __init__(self, epochs: int) -> None:
        super().__init__()
        self._epochs = epochs

    def on_epoch_end(self, epoch: int, logs: object = None) -> None:
        if epoch + 1 == self._epochs:
            variables = [*self.model.variables, *self.model.optimizer.variables]
            self.state = [np.array(variable) for variable in variables]


def state_after(epochs: int, recipe: Recipe, garments: Path) -> list[np.ndarray]:
    keeper = StateAfter(epochs)
    fit(recipe, load_fashion_mnist(garments, held_out=0.1), [keeper])
    return keeper.state


@pytest.mark.integration
@pytest.mark.parametrize(
    "changes",
    [
        {"steps_per_call": 1},
        {"steps_per_call": 4},
        {"optimizer": "sgd", "momentum": 0.9, "averaging": 0.9},
        {"schedule": "constant", "warmup_epochs": 0.0, "decay_share": 0.2},
    ],
    ids=["step by step", "4 steps in a call", "averaged", "constant"],
)
def test_runs_of_different_lengths_share_their_first_epochs_bit_by_bit(
    changes: dict[str, Any], garments: Path
) -> None:
    current().be_deterministic()
    short, long = (replace(DECAYING, epochs=epochs, **changes) for epochs in (4, 8))
    shared = min(map(shared_epochs, (short, long)))

    states = [state_after(shared, recipe, garments) for recipe in (short, long)]

    assert shared == (4 if short.schedule == "constant" else 3)
    for one, other in zip(*states, strict=True):
        assert np.array_equal(one, other)
    if shared < 4:
        ends = [state_after(4, recipe, garments) for recipe in (short, long)]
        assert not all(np.array_equal(*pair) for pair in zip(*ends, strict=True))
