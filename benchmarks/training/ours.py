"""One of our recipes, timed like the published programs.

Run: python -m benchmarks.training.ours RECIPE --seed SEED --data FOLDER [--set NAME=VALUE]

Prints one line of JSON. The time is measured from arrays in memory to the network to serve; it
includes building and compiling, but not imports.
"""

import argparse
import json
import time
from pathlib import Path

import keras
from rich.console import Console

from training.data.loading import load
from training.fitting.fit import fit
from training.metrics.evaluation import evaluate
from training.networks.backbone import fitted_part
from training.overrides import override
from training.recipes import recipe_named


class _LastEpoch(keras.callbacks.Callback):  # type: ignore[misc]  # Keras has no types.
    """Records the accuracy on the training photos."""

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        self.accuracy = (logs or {})["accuracy"]


def main() -> None:
    """Train, evaluate and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("recipe")
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--set", action="append", default=[], dest="changes")
    arguments = parser.parse_args()
    changes = [*arguments.changes, f"seed={arguments.seed}"]
    recipe = override(recipe_named(arguments.recipe), changes)
    data = load(recipe, arguments.data, Console(quiet=True))
    last = _LastEpoch()
    began = time.perf_counter()
    network = fit(recipe, data, [last])
    seconds = time.perf_counter() - began
    tested = fitted_part(network) if data.test.features else network
    test = evaluate(tested, data.test, data.labels)["accuracy"]
    print(json.dumps({"seconds": seconds, "test": test, "training": float(last.accuracy)}))


if __name__ == "__main__":
    main()
