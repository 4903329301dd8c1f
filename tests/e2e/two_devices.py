"""Fits a network on one device and spread over two, and says how far the weights differ.

The weights of the first go into the file named. Backends draw other first weights; here all begin
with the same ones.

It is a program, since a framework divides a processor only before it computes anything.
"""

import os
import sys
from contextlib import nullcontext
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from training.backends import current
from training.data.datasets import DataSet, Split
from training.networks.dense import DenseNetwork
from training.recipes import RECIPES
from training.settings import Augmentation

if TYPE_CHECKING:
    import keras

PHOTOS = 45  # The last batch of validation photos is as large as no other.


def divide_processor() -> None:
    """Make two devices of it."""
    if os.environ["KERAS_BACKEND"] == "jax":
        os.environ["XLA_FLAGS"] = "--xla_force_host_platform_device_count=2"
        return
    import tensorflow as tf

    halves = [tf.config.LogicalDeviceConfiguration()] * 2
    tf.config.set_logical_device_configuration(tf.config.list_physical_devices("CPU")[0], halves)


def drawn() -> DataSet:
    """Return random photos."""
    random = np.random.default_rng(0)
    photos = random.integers(0, 256, (PHOTOS, 28, 28, 1), np.uint8)
    split = Split(photos, np.arange(PHOTOS) % 3)
    return DataSet("drawn", ("a", "b", "c"), "0", split, split, split)


def equal_start() -> "keras.callbacks.Callback":
    """Return a callback that begins with weights that no backend has drawn."""
    import keras

    class EqualStart(keras.callbacks.Callback):  # type: ignore[misc]  # Keras has no types.
        def on_train_begin(self, logs: object = None) -> None:
            random = np.random.default_rng(1)
            for variable in self.model.trainable_variables:
                variable.assign(random.normal(0, 0.05, variable.shape))

    return EqualStart()


def main() -> None:
    """Print how many devices shared the work, and the largest difference of a weight."""
    divide_processor()
    from training.fitting.fit import fit

    recipe = replace(
        RECIPES["clothing-cnn"],
        network=DenseNetwork(8),
        augmentation=Augmentation(flip=True),
        batch_size=10,
        epochs=3,
        precision="float32",
        fit_size=0,
        optimizer="sgd",  # Adam makes much of small differences.
        momentum=0.9,
        learning_rate=0.01,
    )
    with current().spread():
        devices = current().replicas()
    one, two = (
        fit(recipe, drawn(), [equal_start()], scope=scope).get_weights()
        for scope in (nullcontext(), current().spread())
    )
    np.savez(sys.argv[1], *one)
    differences = [np.abs(first - second).max() for first, second in zip(one, two, strict=True)]
    print(devices, max(map(float, differences)))


if __name__ == "__main__":
    main()
