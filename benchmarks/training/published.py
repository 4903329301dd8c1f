"""The published programs for Fashion-MNIST, with their authors' hyperparameters and data.

Run: python -m benchmarks.training.published PROGRAM --seed SEED --data FOLDER

Prints one line of JSON. The time is measured from arrays in memory to the trained model; it
includes building and compiling, but not imports.
"""

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from training.data.loaders.fashion_mnist import load_fashion_mnist

Arrays = tuple[np.ndarray, np.ndarray]


def _network(units: int, optimizer: str) -> keras.Model:
    network = keras.Sequential(
        [
            keras.layers.Input((28, 28, 1)),
            keras.layers.Flatten(),
            keras.layers.Dense(units, activation="relu"),
            keras.layers.Dense(10, activation="softmax"),
        ]
    )
    network.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"])
    return network


def descent(photos: np.ndarray, classes: np.ndarray, epochs: int) -> tuple[keras.Model, Any]:
    """Dense 800, plain gradient descent, batches of 200, a fifth held out for validation."""
    network = _network(800, "sgd")
    return network, network.fit(
        photos / 255,
        classes,
        batch_size=200,
        epochs=epochs,
        validation_split=0.2,
        verbose=0,
    )


def pipeline(photos: np.ndarray, classes: np.ndarray, epochs: int) -> tuple[keras.Model, Any]:
    """Dense 128, Adam, batches of 32 from a repeated, shuffled `tf.data` pipeline."""
    network = _network(128, "adam")
    pairs = tf.data.Dataset.from_tensor_slices((photos, classes))
    scaled = pairs.map(lambda photo, right: (tf.cast(photo, tf.float32) / 255, right))
    batches = scaled.repeat().shuffle(len(photos)).batch(32)
    steps = -(-len(photos) // 32)
    return network, network.fit(batches, epochs=epochs, steps_per_epoch=steps, verbose=0)


def wide(photos: np.ndarray, classes: np.ndarray, epochs: int) -> tuple[keras.Model, Any]:
    """Dense 512, Adam, batches of 64."""
    network = _network(512, "adam")
    return network, network.fit(photos / 255, classes, batch_size=64, epochs=epochs, verbose=0)


PROGRAMS: dict[str, tuple[Callable[..., tuple[keras.Model, Any]], int]] = {
    "dense800-sgd": (descent, 100),
    "dense128-adam": (pipeline, 5),
    "dense512-adam": (wide, 10),
}
"""Each program with its author's number of epochs."""


def main() -> None:
    """Train, evaluate and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("program", choices=PROGRAMS)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--epochs", type=int)
    arguments = parser.parse_args()
    train, epochs = PROGRAMS[arguments.program]
    data = load_fashion_mnist(arguments.data, held_out=0.0)
    # The published files have no channel axis, and labels as bytes.
    classes = data.training.classes.astype(np.uint8)
    keras.utils.set_random_seed(arguments.seed)
    began = time.perf_counter()
    network, history = train(data.training.photos, classes, arguments.epochs or epochs)
    seconds = time.perf_counter() - began
    test = network.evaluate(data.test.photos[:] / 255, data.test.classes, verbose=0)[1]
    fitted = history.history["accuracy"][-1]
    print(json.dumps({"seconds": seconds, "test": float(test), "training": float(fitted)}))


if __name__ == "__main__":
    main()
