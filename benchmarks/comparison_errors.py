"""How often `compare` finds a difference where there is none.

`python -m benchmarks.comparison_errors` draws new photos and compares, again and again:

- a recipe with itself, trained from other random weights;
- two recipes that are equally good: one looks at the left half of a photo, the other at the right
  half, and the halves are drawn alike. On the photos at hand one of them is better by chance.

A test at the level of 5% may find a difference in 5% of them. The usual paired t test, which takes
the splits for independent, is shown for contrast.

The splits and the test are those of `compare`. Its networks, a hidden layer each, are trained side
by side as one, which is hundreds of times faster: they share no weights, and Adam treats each
weight alone.
"""

import argparse
import os
import time
from dataclasses import dataclass

import numpy as np
from scipy.stats import ttest_rel

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from training.experiments.comparison.random_splits import random_split, split_sizes
from training.experiments.comparison.verdict import LEVEL, verdicts
from training.metrics.intervals import accuracy_interval

SHARE = 0.8
CLASSES, PIXELS, NOISE = 4, 36, 2.4
UNITS, EPOCHS, BATCH = 8, 15, 40
AGAIN, EQUAL = "a recipe and itself", "two equally good recipes"


@dataclass(frozen=True)
class Photos:
    """Drawn photos: float32 `[photos, pixels]` for each half, int64 `[photos]` classes."""

    halves: tuple[np.ndarray, np.ndarray]
    classes: np.ndarray


def draw(photos: int, random: np.random.Generator) -> Photos:
    """Draw photos: in each half the pattern of the class, with noise of its own."""
    patterns = np.random.default_rng(1).normal(size=(CLASSES, PIXELS))
    classes = random.integers(CLASSES, size=photos)
    left, right = (
        (patterns[classes] + random.normal(0, NOISE, (photos, PIXELS))).astype(np.float32)
        for _ in range(2)
    )
    return Photos((left, right), classes)


class Networks:
    """Networks that are trained side by side, from fresh weights in each `errors`."""

    def __init__(self, count: int) -> None:
        import keras

        self._keras = keras
        inputs = keras.Input((count, PIXELS))
        hidden, output = (
            keras.layers.EinsumDense("bgi,gio->bgo", (count, units), activation, bias_axes="go")
            for units, activation in ((UNITS, "relu"), (CLASSES, "softmax"))
        )
        self._layers = (hidden, output)
        self._model = keras.Model(inputs, output(hidden(inputs)))
        self._model.compile(
            keras.optimizers.Adam(0.01), "sparse_categorical_crossentropy", steps_per_execution=6
        )
        self._model.optimizer.build(self._model.trainable_variables)
        self._fresh = [each.numpy() for each in self._model.optimizer.variables]

    def errors(
        self, fitted: np.ndarray, targets: np.ndarray, judged: np.ndarray, truth: np.ndarray
    ) -> np.ndarray:
        """Train all networks and return their errors, float `[networks]`, in percent.

        Args:
            fitted: float32 `[photos, networks, pixels]`, the photos that each is trained on.
            targets: int64 `[photos, networks]`, their classes.
            judged: float32 `[photos, networks, pixels]`, those that it is judged by.
            truth: int64 `[photos, networks]`, their classes.
        """
        for layer in self._layers:
            shape = layer.kernel.shape
            layer.kernel.assign(np.random.normal(0, np.sqrt(2 / shape[1]), shape))
            layer.bias.assign(np.zeros(layer.bias.shape))
        for variable, value in zip(self._model.optimizer.variables, self._fresh, strict=True):
            variable.assign(value)
        self._model.fit(fitted, targets, BATCH, EPOCHS, verbose=0)
        found = self._keras.ops.convert_to_numpy(self._model(judged))
        return 100 * np.asarray((found.argmax(-1) != truth).mean(axis=0))


def repetition(number: int, photos: Photos, splits: int, networks: Networks) -> np.ndarray:
    """Return the errors of three recipes, float `[3, splits]`: the left half, twice; the right."""
    sides = (0, 0, 1)
    count = len(photos.classes)
    parts = [random_split(count, SHARE, number * splits + split) for split in range(1, splits + 1)]
    fitted, judged = (
        np.stack([getattr(part, name) for _ in sides for part in parts], axis=1)
        for name in ("training", "judged")
    )
    looks = np.repeat(sides, splits)
    halves = np.stack(photos.halves)
    errors = networks.errors(
        halves[looks, fitted], photos.classes[fitted], halves[looks, judged], photos.classes[judged]
    )
    return errors.reshape(len(sides), splits)


def main() -> None:
    """Repeat both comparisons and print how often each test found a difference."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--repetitions", type=int, default=200)
    parser.add_argument("--splits", type=int, default=15)
    parser.add_argument("--photos", type=int, default=300)
    arguments = parser.parse_args()
    training, judged = split_sizes(arguments.photos, SHARE)
    began = time.monotonic()
    np.random.seed(1)
    networks = Networks(3 * arguments.splits)
    found: dict[tuple[str, str], int] = {}
    means = []
    for number in range(arguments.repetitions):
        photos = draw(arguments.photos, np.random.default_rng([2, number]))
        first, again, other = repetition(number, photos, arguments.splits, networks)
        means.append(first.mean())
        for what, second in ((AGAIN, again), (EQUAL, other)):
            (verdict,) = verdicts({"a": first, "b": second}, judged / training)
            usual = ttest_rel(first, second).pvalue
            for test, shown in (("corrected", verdict.is_shown), ("usual", usual <= LEVEL)):
                found[what, test] = found.get((what, test), 0) + bool(shown)
    print(
        f"{arguments.repetitions} comparisons, {arguments.splits} splits of {arguments.photos}"
        f" photos each; mean error {np.mean(means):.1f}%; {time.monotonic() - began:.0f} s"
    )
    for (what, test), count in found.items():
        low, high = accuracy_interval(count, arguments.repetitions)
        print(
            f"{what}, {test} t test: a difference in {count / arguments.repetitions:.1%}"
            f" (95% interval {low:.1%} to {high:.1%})"
        )


if __name__ == "__main__":
    main()
