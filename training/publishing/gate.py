"""The publishing gate, which refuses to publish a model that is not good enough.

A model is refused when

- its test accuracy is below the recipe's floor, or
- it is worse than the version that serves now: on the same test photos its accuracy is lower by
  more than the tolerance, *and* the 95% confidence interval of the paired difference
  (`training.metrics.intervals.paired_difference`) lies entirely below 0, so that the loss is not
  due to chance. On a small test split only large losses can be distinguished from chance.

The version that serves now is the one with the label `stable` in the model server's config file,
otherwise the newest that its version policy selects; without such a file, the newest published one.
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from serving.repository.model_config import ConfigError, read_config
from serving.repository.version_policy import aspired_versions
from serving.repository.versions import VersionsError, published_versions
from training.data.datasets import DataSet
from training.errors import Refused, TrainingError
from training.metrics.evaluation import Evaluation
from training.metrics.intervals import Difference, paired_difference
from training.publishing.gate_policy import GatePolicy
from training.publishing.published_model import PublishedModel
from training.recipe import Recipe

STABLE = "stable"


@dataclass(frozen=True)
class Verdict:
    """What the gate found.

    Attributes:
        accuracy: of the model on the test split.
        floor: the recipe's.
        tolerance: in percentage points.
        serving: number of the version that serves; None if none does.
        difference: the comparison with it; None without one.
        note: why there was no comparison, or a caution about it; may be empty.
        faults: why the model is refused; empty if it is not.
        forced: whether it is published nevertheless.
    """

    accuracy: float
    floor: float
    tolerance: float
    serving: int | None
    difference: Difference | None
    note: str
    faults: tuple[str, ...] = ()
    forced: bool = False

    def record(self) -> dict[str, Any]:
        """Return the verdict as JSON values, for the card."""
        return dict(json.loads(json.dumps(asdict(self))))  # Tuples become lists.

    def lines(self) -> list[str]:
        """Return the lines to print when the model is published."""
        lines = []
        if self.difference:
            lines.append(
                f"against version {self.serving}, which serves: {_described(self.difference)}"
            )
        if self.note:
            lines.append(self.note)
        return lines + [f"published by force: {fault}" for fault in self.faults if self.forced]

    def check(self) -> None:
        """Raise an error if the model is refused and publishing is not forced.

        Raises:
            Refused: names every fault with its figures.
        """
        if self.faults and not self.forced:
            raise Refused(f"not published: {'; '.join(self.faults)}. --force publishes it anyway")


def judge(
    recipe: Recipe, data: DataSet, evaluation: Evaluation, base: Path, policy: GatePolicy
) -> Verdict:
    """Decide whether a trained model may be published.

    Args:
        recipe: has the floor.
        data: both models are compared on its test split.
        evaluation: of the trained model on that split.
        base: the model's folder of published versions; need not exist.
        policy: how strict to be.

    Raises:
        TrainingError: it is unknown which version serves.
    """
    accuracy = float(evaluation.right.mean())
    faults = []
    if accuracy < recipe.floor:
        faults.append(
            f"its test accuracy of {accuracy:.2%} ({evaluation.right.sum():,} of"
            f" {len(evaluation.classes):,} photos) is below the floor of {recipe.name},"
            f" {recipe.floor:.2%}"
        )
    serving = serving_version(base, policy.model_config_file)
    difference, note = None, f"no version of {recipe.model} serves yet"
    if serving is not None:
        difference, note = _compare(base / str(serving), recipe, data, evaluation)
    if difference and 100 * difference.estimate < -policy.tolerance and difference.high < 0:
        faults.append(f"it is worse than version {serving}, which serves: {_described(difference)}")
    forced = bool(faults) and policy.force
    floor, tolerance = recipe.floor, policy.tolerance
    return Verdict(accuracy, floor, tolerance, serving, difference, note, tuple(faults), forced)


def serving_version(base: Path, model_config_file: Path | None = None) -> int | None:
    """Return the number of the version that serves now; None if none does. See the module."""
    try:
        published = published_versions(base)
        models = read_config(model_config_file) if model_config_file else []
    except (VersionsError, ConfigError) as error:
        raise TrainingError(f"not published: which version serves is unknown ({error})") from error
    for model in (model for model in models if model.name == base.name):
        if model.labels.get(STABLE) in published:
            return model.labels[STABLE]
        return max(aspired_versions(model.policy, published), default=None)
    return max(published, default=None)


def _described(difference: Difference) -> str:
    return (
        f"{100 * difference.estimate:+.2f} points of accuracy on the same {difference.photos:,}"
        f" test photos (95% interval {100 * difference.low:+.2f} to {100 * difference.high:+.2f};"
        f" {difference.gained:,} photos gained, {difference.lost:,} lost)"
    )


def _compare(
    folder: Path, recipe: Recipe, data: DataSet, evaluation: Evaluation
) -> tuple[Difference | None, str]:
    """Compare with a published version; return None and the reason if that is impossible."""
    try:
        old = PublishedModel(folder)
    except TrainingError:  # Its message names a folder, and the note goes into the card.
        return None, f"not compared: version {folder.name} cannot be read as a model"
    obstacle = _obstacle(old, recipe, data)
    if obstacle:
        return None, f"not compared with version {old.version}: {obstacle}"
    columns = np.array([old.labels.index(label) for label in data.labels])
    predicted = old.probabilities(data.test.photos)[:, columns].argmax(axis=1)
    difference = paired_difference(evaluation.right, predicted == data.test.classes)
    return difference, _caution(old, data)


def _obstacle(old: PublishedModel, recipe: Recipe, data: DataSet) -> str:
    if set(old.labels) != set(data.labels):
        return f"its labels are different ({', '.join(old.labels):.200})"
    if old.shape != recipe.shape:
        return f"it takes photos of {_sides(old.shape)}, this one of {_sides(recipe.shape)}"
    if old.preparation != recipe.preparation:
        return f"it takes photos prepared by {old.preparation}, this one by {recipe.preparation}"
    return ""


def _caution(old: PublishedModel, data: DataSet) -> str:
    trained_on = old.card.get("data")
    if isinstance(trained_on, dict) and trained_on.get("sha256") == data.digest:
        return ""
    return (
        f"version {old.version} was trained on other data, possibly on some of these test photos,"
        " in which case it looks better here than it is"
    )


def _sides(shape: tuple[int, ...]) -> str:
    return "×".join(map(str, shape))
