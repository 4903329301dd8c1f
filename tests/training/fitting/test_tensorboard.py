from pathlib import Path

import keras
import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from training.fitting.tensorboard import EventWriter


def network() -> keras.Model:
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile(keras.optimizers.SGD(0.25), "mse")
    return model


def write(folder: Path, epochs: dict[int, dict[str, float]]) -> None:
    writer = EventWriter(folder)
    writer.set_model(network())
    for epoch, figures in epochs.items():
        writer.on_epoch_end(epoch, figures)
    writer.on_train_end()


def test_tensorboard_reads_the_figures_of_each_epoch_even_of_a_resumed_run(tmp_path: Path) -> None:
    write(tmp_path, {0: {"loss": 2.0, "val_accuracy": 0.5}})
    write(tmp_path, {1: {"loss": 1.0, "val_accuracy": 0.75}})

    found = EventAccumulator(str(tmp_path)).Reload()

    assert set(found.Tags()["scalars"]) == {"loss", "val_accuracy", "learning_rate"}
    losses = [(event.step, event.value) for event in found.Scalars("loss")]
    assert losses == [(1, 2.0), (2, 1.0)]
    assert found.Scalars("learning_rate")[0].value == pytest.approx(0.25)
