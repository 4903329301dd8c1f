"""How an adapted network, and the version that it started from, do on the same photos."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from training.data.datasets import Split
from training.metrics.evaluation import Evaluation
from training.metrics.intervals import Difference, paired_difference
from training.pipeline.finalize import Evaluated
from training.publishing.published_model import PublishedModel
from training.publishing.verdict import described_interval


def before_and_after(version: Path, evaluated: Evaluated) -> Iterator[str]:
    """Yield a line for the test photos of the data set, and one for the own ones.

    Args:
        version: the folder of the version that the network has started from.
        evaluated: the network.

    Raises:
        TrainingError: the version can't be read.
    """
    old, data = PublishedModel(version), evaluated.data
    found = _difference(evaluated.test, old, data.test)
    yield _line(f"test photos of {data.name}", found)
    if data.own and evaluated.own:
        found = _difference(evaluated.own, old, data.own.test)
        yield _line("own photos that were held out", found)


def _difference(after: Evaluation, old: PublishedModel, split: Split) -> Difference:
    columns = np.array([old.labels.index(label) for label in after.labels])
    predicted = old.probabilities(split.photos)[:, columns].argmax(axis=1)
    return paired_difference(after.right, predicted == split.classes)


def _line(what: str, found: Difference) -> str:
    after = found.old_accuracy + found.estimate
    return (
        f"{found.photos:,} {what}: {found.old_accuracy:.2%} right before, {after:.2%} now"
        f" ({100 * found.estimate:+.2f} points, {described_interval(found)})"
    )
