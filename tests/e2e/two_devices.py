"""Fits a network on one device and distributed over two, and prints how far the weights differ.

Saves the weights fitted on one device to the file given. Backends initialize weights differently;
here all of them start with the same ones.

It is a program because a framework can split the CPU only before its first computation.
"""

import os
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from tests.training.backbones import tiny
from training.backends import current
from training.data.datasets import DataSet, Split
from training.networks.dense import DenseNetwork
from training.recipes import RECIPES
from training.settings import Augmentation, FineTuning

if TYPE_CHECKING:
    import keras

PHOTOS = 45  # The last batch of validation photos has a size of its own.


def split_cpu() -> None:
    """Split the CPU into two devices."""
    if os.environ["KERAS_BACKEND"] == "jax":
        os.environ["XLA_FLAGS"] += " --xla_force_host_platform_device_count=2"
        return
    import tensorflow as tf

    halves = [tf.config.LogicalDeviceConfiguration()] * 2
    tf.config.set_logical_device_configuration(tf.config.list_physical_devices("CPU")[0], halves)


def drawn() -> DataSet:
    """Return random photos."""
    random = np.random.default_rng(0)
    photos = random.integers(0, 256, (PHOTOS, 28, 28, 1), np.uint8)
    split = Split(photos, np.arange(PHOTOS) % 10 // 5 * (1 + np.arange(PHOTOS) % 2))
    return DataSet("drawn", ("a", "b", "c"), "0", split, split, split)


def same_initial_weights() -> "keras.callbacks.Callback":
    """Return a callback that sets the same initial weights with every backend."""
    import keras

    class SameInitialWeights(keras.callbacks.Callback):  # type: ignore[misc]  # Keras has no types.
        def on_train_begin(self, logs: object = None) -> None:
            random = np.random.default_rng(1)
            for variable in self.model.trainable_variables:
                variable.assign(random.normal(0, 0.05, variable.shape))

    return SameInitialWeights()


def main() -> None:
    """Print the number of devices and the largest difference of a weight, and of a warm-up's."""
    split_cpu()
    from training.fitting.fit import fit

    recipe = replace(
        RECIPES["clothing-cnn"],
        network=DenseNetwork(8),
        augmentation=Augmentation(flip=True),
        batch_size=10,
        epochs=3,
        precision="float32",
        fit_size=0,
        optimizer="sgd",  # Adam amplifies small differences.
        momentum=0.9,
        learning_rate=0.01,
        averaging=0.9,
        class_weights="balanced",
        early_stopping=3,
    )
    one, warm = fit(recipe, drawn(), [same_initial_weights()]).get_weights(), warmed_head()
    np.savez(sys.argv[1], *one)
    with current().spread():
        devices = current().replicas()
        two, warm_two = fit(recipe, drawn(), [same_initial_weights()]).get_weights(), warmed_head()
    print(devices, largest_difference(one, two), largest_difference(warm, warm_two))


def largest_difference(one: list[np.ndarray], two: list[np.ndarray]) -> float:
    """Return the largest difference of a weight."""
    return max(float(np.abs(a - b).max()) for a, b in zip(one, two, strict=True))


def warmed_head() -> list[np.ndarray]:
    """Return the weights of a network whose head is fitted before it is fine-tuned."""
    import keras

    from training.fitting.head_warmup import fit_head_warmup
    from training.networks.building import network_to_fit

    keras.utils.set_random_seed(1)
    recipe = replace(tiny(FineTuning("conv_pw_2_relu", head_epochs=2)), class_weights="balanced")
    network = network_to_fit(recipe, 3)
    features = np.random.default_rng(0).random((PHOTOS - 1, *network.input_shape[1:]))
    split = Split(features, np.arange(PHOTOS - 1) % 10 // 4, features=(features,))
    fit_head_warmup(recipe, network, replace(drawn(), training=split))
    weights: list[np.ndarray] = network.get_weights()
    return weights


if __name__ == "__main__":
    main()
