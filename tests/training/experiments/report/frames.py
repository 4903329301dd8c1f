"""Data frames as experiments hand them to their reports."""

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from training.experiments.comparison.verdict import Verdict
from training.experiments.factors import Factor, setting
from training.experiments.report import About

EPOCHS, UNITS = setting("epochs", 50, 75), setting("network.units", 10, 20, 30)
OWN = {"epochs": "75", "network.units": "20"}

ABOUT = About(
    title="clothing-course",
    command="python -m training sweep clothing-course",
    commit="c0ffee (dirty: files differ from it)",
    data="0123abcd" * 8,
    machine="2 cores, A fast one",
    seeds=(3, 4),
    began="2026-01-02T03:04:05+00:00",
    seconds=3700.0,
    versions={"keras": "3.15.1"},
)


def trial(number: int, accuracy: float | None, **others: Any) -> dict[str, Any]:
    """Return the row of a trial; without an accuracy it has failed."""
    row = {
        "number": number,
        "validation_loss": None if accuracy is None else 1 - accuracy,
        "validation_accuracy": accuracy,
        "seconds": None if accuracy is None else 10.0 + number,
        "parameters": 1234,
        "state": "failed" if accuracy is None else "done",
        "run": f"run-{number}",
    }
    return {**row, **others}


def grid(*factors: Factor) -> pd.DataFrame:
    """Return a trial for each combination of levels, the later the better."""
    labels = [[level.label for level in factor.levels] for factor in factors]
    names = [factor.name for factor in factors]
    settings = [dict(zip(names, each, strict=True)) for each in itertools.product(*labels)]
    return pd.DataFrame([trial(n, 0.5 + n / 100, **each) for n, each in enumerate(settings)])


def one_at_a_time() -> pd.DataFrame:
    """Return trials that vary `EPOCHS` and `UNITS` alone; the best is #3, with 30 units."""
    settings = [("50", "20"), ("75", "20"), ("75", "10"), ("75", "30")]
    rows = [
        trial(n, 0.5 + n / 100, epochs=epochs, **{"network.units": units})
        for n, (epochs, units) in enumerate(settings)
    ]
    return pd.DataFrame(rows)


def final(*accuracies: float) -> pd.DataFrame:
    """Return the figures of the chosen setting, a seed for each test accuracy."""
    rows = [
        {
            "seed": seed,
            "validation_accuracy": accuracy + 0.01,
            "test_accuracy": accuracy,
            "test_low": accuracy - 0.02,
            "test_high": accuracy + 0.02,
            "seconds": 12.0,
            "run": f"run-of-seed-{seed}",
        }
        for seed, accuracy in enumerate(accuracies)
    ]
    return pd.DataFrame(rows)


def verdict(a: str, b: str, difference: float = -0.8, p: float = 0.0001) -> Verdict:
    low, high = difference - 0.2, difference + 0.2
    sentence = f"{a} is better than {b} by {abs(difference)} ± 0.2 points"
    return Verdict(a, b, difference, low, high, p, p, 1.25, 20, 90, sentence)


def errors(*names: str, splits: int = 20) -> pd.DataFrame:
    """Return the errors of recipes in percent, each 0.8 points above the one before."""
    noise = np.random.default_rng(0).normal(0, 0.3, splits)
    columns = {name: 10 + 0.8 * index + noise for index, name in enumerate(names)}
    return pd.DataFrame({"split": range(splits), **columns})


def timings(sizes: Sequence[int] = (32, 64, 512), repetitions: int = 3) -> pd.DataFrame:
    """Return measurements: parallel loading takes 1 s less, and the batch of 512 half as long."""
    rows = [
        {
            "batch_size": size,
            "loading": loading,
            "repetition": repetition,
            "seconds_per_epoch": seconds,
            "images_per_second": 6000 / seconds,
        }
        for size in sizes
        for loading in ("serial", "parallel")
        for repetition in range(1, repetitions + 1)
        for seconds in [(3 if size == 512 else 6) - (loading == "parallel") + repetition / 100]
    ]
    return pd.DataFrame(rows)
