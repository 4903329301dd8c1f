"""Stand-ins for the weights that Keras publishes: files of their format with random weights."""

from pathlib import Path

import h5py
import keras
import numpy as np
from keras.src.legacy.saving.legacy_h5_format import save_weights_to_hdf5_group

NARROW_MOBILENET = "mobilenet_2_5_224_tf_no_top.h5"
"""The name under which Keras publishes MobileNet of a quarter of the width."""


def write_keras_weights(path: Path, network: keras.Model) -> keras.Model:
    """Give a whole network random weights, and write them as Keras publishes a network's."""
    random = np.random.default_rng(1)
    network.set_weights(
        [random.uniform(0, 0.01, each.shape).astype(np.float32) for each in network.weights]
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    with h5py.File(path, "w") as file:
        save_weights_to_hdf5_group(file, network)
    return network


def mobilenet(side: int, alpha: float = 1.0) -> keras.Model:
    """Return MobileNet below its classifier, with random weights."""
    shape = (side, side, 3)
    return keras.applications.MobileNet(shape, alpha, include_top=False, weights=None)


def part_of(network: keras.Model, cut: str) -> keras.Model:
    """Return a network up to a layer; all of it for an empty name."""
    return keras.Model(network.input, network.get_layer(cut).output) if cut else network
