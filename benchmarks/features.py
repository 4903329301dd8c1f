"""The cost of a frozen backbone: one pass over the photos, then seconds per head.

Run: python -m benchmarks.features [--recipe cats-dogs-mobilenet] [--data DIR] [--set NAME=VALUE]

Starting with an empty cache, prepares the photos, computes their features and fits a head for ten
epochs; then does the same again from the cache. Prints the seconds of each step and two ratios:
pass and head to the pass alone, and the second time to the first.
"""

import argparse
import os
import tempfile
import time
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from training.data.loading import load
from training.fitting.feature_cache import with_features
from training.fitting.fit import fit
from training.networks.backbone import fitted_part, load_backbone
from training.overrides import override
from training.recipe import Recipe
from training.recipes import recipe_named

EPOCHS = 10
STEPS = ("photos", "features", "head")


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--recipe", default="cats-dogs-mobilenet", help="a recipe with a backbone")
    parser.add_argument("--data", type=Path, help="folder of the data sets")
    parser.add_argument("--set", action="append", default=[], dest="assignments")
    arguments = parser.parse_args()
    recipe = override(recipe_named(arguments.recipe), [*arguments.assignments, f"epochs={EPOCHS}"])
    console = Console()
    with tempfile.TemporaryDirectory() as cache:
        os.environ["PHOTOLABEL_CACHE"] = cache
        first, second = (_measure(recipe, arguments.data, console) for _ in range(2))
    console.print(_table(first, second))
    once = (first["features"] + first["head"]) / first["features"]
    again = sum(second.values()) / sum(first.values())
    console.print(f"pass and {EPOCHS} epochs of a head: {once:.3f} × the pass alone")
    console.print(f"second time: {again:.1%} of the first")


def _measure(recipe: Recipe, folder: Path | None, console: Console) -> dict[str, float]:
    """Return the seconds of each step, and print the test accuracy."""
    times = [time.monotonic()]
    data = load(recipe, folder, console)
    times.append(time.monotonic())
    data = with_features(recipe, data, load_backbone(recipe, folder, console), console)
    times.append(time.monotonic())
    network = fit(recipe, data)
    times.append(time.monotonic())
    outputs = fitted_part(network).predict(data.test.inputs[:], verbose=0)
    accuracy = (outputs.argmax(axis=1) == data.test.classes).mean()
    console.print(f"test accuracy {accuracy:.2%}")
    return dict(zip(STEPS, np.diff(times).tolist(), strict=True))


def _table(first: dict[str, float], second: dict[str, float]) -> Table:
    table = Table()
    for name in ("step", "first, s", "again, s"):
        table.add_column(name, justify="left" if name == "step" else "right")
    for step in STEPS:
        table.add_row(step, f"{first[step]:.1f}", f"{second[step]:.1f}")
    return table


if __name__ == "__main__":
    main()
