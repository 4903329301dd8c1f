"""The publishing gate: what is worse than it should be, or than what serves, is not published.

A model is refused when

- its test accuracy is below the recipe's floor, or
- it is worse than the version that serves now: on the same test photos its accuracy is lower by
  more than the tolerance, *and* the 95% confidence interval of the paired difference
  (`training.metrics.intervals.paired_difference`) lies wholly below 0, so that it is no accident of
  which photos the test has. On a small test split only large losses can be told from accidents.

The version that serves now is the one that the label `stable` of the model server's config file
names, else the newest that its version policy wants; without such a file, the newest published.
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
from training.publishing.policy import Policy
from training.publishing.published import PublishedModel
from training.recipe import Recipe

STABLE = "stable"


@dataclass(frozen=True)
class Verdict:
    """What the gate found.

    Attributes:
        accuracy: of the model on the test split.
        floor: the recipe's.
        tolerance: in points.
        serving: number of the version that it was compared with; None if with none.
        difference: the comparison; None if there was none.
        note: why there was no comparison, or what to know about it; may be empty.
        faults: why the model is refused; empty if it is not.
        forced: whether it is published all the same.
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
        """Return it as the card records it."""
        return dict(json.loads(json.dumps(asdict(self))))  # Tuples become lists.

    def told(self) -> list[str]:
        """Put into lines what is worth saying of a model that is published."""
        lines = []
        if self.difference:
            lines.append(f"against version {self.serving}, which serves: {told(self.difference)}")
        if self.note:
            lines.append(self.note)
        return lines + [f"published by force: {fault}" for fault in self.faults if self.forced]

    def check(self) -> None:
        """Stop what is refused and not forced.

        Raises:
            Refused: with every fault and its figures.
        """
        if self.faults and not self.forced:
            raise Refused(f"not published: {'; '.join(self.faults)}. --force publishes it anyway")


def judge(
    recipe: Recipe, data: DataSet, evaluation: Evaluation, base: Path, policy: Policy
) -> Verdict:
    """Judge a trained model.

    Args:
        recipe: has the floor.
        data: both models are judged on its test split.
        evaluation: of the trained model on that split.
        base: the model's folder of published versions; need not exist.
        policy: how strict to be.

    Raises:
        TrainingError: which version serves can't be told.
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
    if difference and _is_worse(difference, policy.tolerance):
        faults.append(f"it is worse than version {serving}, which serves: {told(difference)}")
    forced = bool(faults) and policy.force
    return Verdict(
        accuracy=accuracy,
        floor=recipe.floor,
        tolerance=policy.tolerance,
        serving=serving,
        difference=difference,
        note=note,
        faults=tuple(faults),
        forced=forced,
    )


def serving_version(base: Path, model_config_file: Path | None = None) -> int | None:
    """Return the number of the version that serves now, as the module says; None if none does.

    Raises:
        TrainingError: the folder or the file can't be read.
    """
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


def told(difference: Difference) -> str:
    """Put a comparison into words."""
    return (
        f"{100 * difference.estimate:+.2f} points of accuracy on the same {difference.photos:,}"
        f" test photos (95% interval {100 * difference.low:+.2f} to {100 * difference.high:+.2f};"
        f" {difference.gained:,} photos gained, {difference.lost:,} lost)"
    )


def _is_worse(difference: Difference, tolerance: float) -> bool:
    return 100 * difference.estimate < -tolerance and difference.high < 0


def _compare(
    folder: Path, recipe: Recipe, data: DataSet, evaluation: Evaluation
) -> tuple[Difference | None, str]:
    """Compare with a published version where that can be done; else say why not."""
    try:
        old = PublishedModel(folder)
    except TrainingError:  # Its reason names a folder, and what is said here goes into the card.
        return None, f"not compared: version {folder.name} cannot be read as a model"
    obstacle = _obstacle(old, recipe, data)
    if obstacle:
        return None, f"not compared with version {old.version}: {obstacle}"
    answers = old.probabilities(data.test.photos)[:, _columns(old.labels, data.labels)]
    difference = paired_difference(evaluation.right, answers.argmax(axis=1) == data.test.classes)
    return difference, _caution(old, data)


def _obstacle(old: PublishedModel, recipe: Recipe, data: DataSet) -> str:
    if set(old.labels) != set(data.labels):
        return f"its labels are others ({', '.join(old.labels):.200})"
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
        f"version {old.version} was trained on other data, maybe on some of these test photos, in"
        " which case it looks better here than it is"
    )


def _columns(old: tuple[str, ...], new: tuple[str, ...]) -> np.ndarray:
    """Return the columns of the old model in the order of the new labels."""
    return np.array([old.index(label) for label in new])


def _sides(shape: tuple[int, ...]) -> str:
    return "×".join(map(str, shape))
