"""Predicting many inputs with Keras, in batches that are all of one size.

TensorFlow traces a network again for each batch of another size: that takes longer than the inputs
that fill up the last batch, and TensorFlow warns of it.
"""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np


def predict_batch(network: keras.Model, inputs: np.ndarray, size: int) -> Any:
    """Return a network's outputs for at least one and at most `size` inputs.

    Args:
        network: with one input.
        inputs: `[inputs, …]`.
        size: of the batch that is computed; the same for all calls with a network.

    Returns:
        As the network has them, arrays `[inputs, …]`.
    """
    rest = size - len(inputs)
    filled = np.concatenate([inputs, np.repeat(inputs[-1:], rest, axis=0)]) if rest else inputs
    outputs = network.predict_on_batch(filled)
    # With several GPUs, TensorFlow repeats the outputs of a small batch for each of them.
    return keras.tree.map_structure(lambda output: output[: len(inputs)], outputs)


def predict_batches(network: keras.Model, inputs: Sequence[Any] | Any, size: int) -> list[Any]:
    """Return the outputs of `predict_batch` for all inputs, an array or rows of a mapped file."""
    starts = range(0, len(inputs), size)
    return [
        predict_batch(network, np.asarray(inputs[start : start + size]), size) for start in starts
    ]
