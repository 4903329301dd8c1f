"""What `adapt` gains with 10, 50 and 200 own photos of each class.

Run: python -m benchmarks.adapting MODEL --photos PATH [--data DIR] [--counts 10,50,200] [--draws 3]

PATH is a folder or a zip file as `adapt` takes it; photos of none of the classes are left aside.
They are split by content, and each draw takes so many of the training photos of each class, or all
where there are fewer. As in `adapt`, a draw is split once more: the network is fitted to 70% of it.
Before and after, it is scored on the test photos of the data set and on those of PATH, the same for
all draws. To choose settings (--set), take --split validation.

Each draw is a line of results.jsonl in the folder --output; the same command goes on after an
interruption, within a draw too.
"""

import argparse
import hashlib
import json
import os
import statistics
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
from rich.console import Console
from rich.table import Table

from serving.repository.seed import STARTERS
from training.data.datasets import Addition, DataSet, Rows, Split
from training.data.photo_contents import contents
from training.data.splits import split_class
from training.errors import TrainingError
from training.fitting.devices import choose_devices
from training.networks.prediction import predict_batches
from training.overrides import override
from training.pipeline.adapted_recipe import adapted
from training.pipeline.loaded_data import loaded
from training.pipeline.run_options import Paths, RunOptions
from training.pipeline.sources import find_source
from training.pipeline.train import fit_recipe
from training.publishing.model_folder import find_version
from training.publishing.published_model import PublishedModel
from training.runs.folders import read_run
from training.runs.trained_network import load_trained_network

RESULTS = "results.jsonl"


def main() -> None:
    """Measure what is missing, and print the table."""
    arguments, console = _arguments(), Console()
    arguments.output.mkdir(parents=True, exist_ok=True)
    results = arguments.output / RESULTS
    lines = results.read_text().splitlines() if results.exists() else []
    same = {
        "model": arguments.model,
        "settings": " ".join(arguments.assignments),
        "split": arguments.split,
    }
    known = [found for found in map(json.loads, lines) if same.items() <= found.items()]
    done = {(found["draw"], found["count"]) for found in known}
    wanted = [(draw, count) for draw in range(arguments.draws) for count in arguments.counts]
    missing = [each for each in wanted if each not in done]
    bench = None
    for draw, count in missing:
        bench = bench or Bench(arguments, console)
        found = {**same, "draw": draw, "count": count, **bench.measure(count, draw)}
        with results.open("a") as file:
            file.write(json.dumps(found) + "\n")
        known.append(found)
    console.print(_table(known))


class Bench:
    """A published version, its data set, and own photos to adapt it to."""

    def __init__(self, arguments: argparse.Namespace, console: Console) -> None:
        """Load everything, and score the version as it is."""
        version = find_version(arguments.models, arguments.model)
        self._source = find_source(str(version), arguments.output, arguments.models)
        recipe = adapted(self._source.recipe(), arguments.photos)
        self._recipe = override(recipe, arguments.assignments)
        self._data = loaded(self._recipe, arguments.data, console)
        if self._data.own is None:
            raise TrainingError(f"{arguments.photos} has photos of none of the classes alone")
        self._own = self._data.own
        self._arguments, self._console = arguments, console
        self._old = PublishedModel(version)
        self._devices = choose_devices("auto", deterministic=False)
        self._before = [_accuracy(self._old.probabilities, part) for part in self._judged()]

    def measure(self, count: int, draw: int) -> dict[str, Any]:
        """Adapt the version to so many photos of each class, and return its figures."""
        drawn = self._drawn(count, draw)
        folder = self._arguments.output / f"{count}-photos-{draw}"
        paths = Paths(self._arguments.data, self._arguments.models, folder)

        def load(*_: Any) -> DataSet:
            return replace(self._data, own=drawn, others=None)

        options = RunOptions(self._devices, source=self._source, load=load)
        run = fit_recipe(self._recipe, paths, options, self._console)
        network = load_trained_network(run)

        def predict(photos: Any) -> np.ndarray:
            return np.concatenate(predict_batches(network, photos, 64))

        after = [_accuracy(predict, part) for part in self._judged()]
        facts = {"fitted_to": len(drawn.training), "seconds": read_run(run)["trained"]["seconds"]}
        return {"before": self._before, "after": after, **facts}

    def _judged(self) -> Iterator[Split]:
        yield getattr(self._data, self._arguments.split)
        yield getattr(self._own, self._arguments.split)

    def _drawn(self, count: int, draw: int) -> Addition:
        """Return so many training photos of each class, split as `adapt` would split them."""
        training = self._own.training
        names, random = contents(self._data, training), np.random.default_rng([draw, count])
        rows: dict[str, list[int]] = {"training": [], "validation": [], "test": []}
        for number in np.unique(training.classes):
            chosen = random.permutation(np.flatnonzero(training.classes == number))[:count]
            splits = split_class([names[row] for row in chosen], self._recipe.split_seed)
            for row in chosen.tolist():
                rows[splits[names[row]]].append(row)
        digest = hashlib.sha256(json.dumps(rows).encode()).hexdigest()
        first, second, third = (_part(training, sorted(chosen)) for chosen in rows.values())
        return Addition(f"{count} a class", digest, first, second, third, self._own.store)


def _part(split: Split, chosen: list[int]) -> Split:
    numbers = np.array(chosen, np.int64)
    rows = None if split.rows is None else split.rows[numbers]
    return Split(Rows(split.photos, numbers), split.classes[numbers], rows)


def _accuracy(predict: Any, split: Split) -> float:
    return float((predict(split.photos).argmax(axis=1) == split.classes).mean())


def _table(found: list[dict[str, Any]]) -> Table:
    """Return means over the draws, with the lowest and the highest."""
    table = Table(
        "photos a class", "fitted to", "own photos, %", "gain", "data set, %", "change", "s"
    )
    for count in sorted({each["count"] for each in found}):
        draws = [each for each in found if each["count"] == count]
        (old, own), fitted = draws[0]["before"], [each["fitted_to"] for each in draws]
        olds, owns = zip(*(each["after"] for each in draws), strict=True)
        table.add_row(
            str(count),
            f"{statistics.mean(fitted):.0f}",
            f"{100 * own:.1f} → {_spread(owns)}",
            f"{100 * (statistics.mean(owns) - own):+.1f}",
            f"{100 * old:.2f} → {_spread(olds, 2)}",
            f"{100 * (statistics.mean(olds) - old):+.2f}",
            f"{statistics.mean(each['seconds'] for each in draws):.0f}",
        )
    return table


def _spread(values: tuple[float, ...], digits: int = 1) -> str:
    low, mean, high = (100 * f(values) for f in (min, statistics.mean, max))
    return f"{mean:.{digits}f} ({low:.{digits}f} to {high:.{digits}f})"


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("model", metavar="NAME[/VERSION]", help="the version to adapt")
    parser.add_argument("--photos", type=Path, required=True, help="folder or zip file of photos")
    parser.add_argument("--data", type=Path, help="folder of the data sets")
    parser.add_argument(
        "--models", type=Path, default=STARTERS, help="folder of the models (default: the starters)"
    )
    parser.add_argument(
        "--counts", type=_counts, default=(10, 50, 200), help="photos a class (default 10,50,200)"
    )
    parser.add_argument("--draws", type=int, default=3, help="draws of each (default 3)")
    parser.add_argument("--split", choices=("validation", "test"), default="test")
    parser.add_argument("--set", action="append", default=[], dest="assignments")
    parser.add_argument("--output", type=Path, default=Path("build/bench-adapting"))
    return parser.parse_args()


def _counts(text: str) -> tuple[int, ...]:
    return tuple(map(int, text.split(",")))


if __name__ == "__main__":
    main()
