"""The publishing gate, which refuses to publish a model that could harm its users.

A model is refused when

- its test accuracy is below the recipe's floor;
- it is not clearly better than always naming the largest class: the 95% interval of the paired
  difference (`training.metrics.intervals.paired_difference`) does not lie above 0;
- its labels are other than those of the version that serves now;
- fewer than half of the photos that this version was trained on are in its data set;
- this version gets less than half as many of the test photos right as its card states, as where
  labels are mixed up;
- it can't be compared with this version on test photos that neither was trained on;
- it is worse than this version, or than the best version so far, by more than the tolerance, even
  if that may be chance.

The version that serves now: `serving_version`. The best version is, of those still in the folder
(`prune` keeps it) that can be compared, the one whose card states the highest test accuracy on the
same data (equal digest), or if there is none, on other data. Without that comparison, each version
could be worse by the tolerance than the one before. Only these two versions are scored again.
"""

from dataclasses import replace
from pathlib import Path

import numpy as np

from training.data.datasets import DataSet
from training.errors import TrainingError
from training.metrics.evaluation import Evaluation
from training.metrics.intervals import Difference, accuracy_interval, paired_difference
from training.model_cards import stated_accuracy
from training.publishing import gate_policy
from training.publishing.best_version import best_version
from training.publishing.comparison import Candidate, Incomparable, Reload, compare, shared_photos
from training.publishing.gate_policy import GatePolicy
from training.publishing.published_model import PublishedModel
from training.publishing.serving_version import serving_version
from training.publishing.training_photos import training_digests
from training.publishing.verdict import Verdict, described_interval
from training.recipe import Recipe


def judge(
    recipe: Recipe,
    data: DataSet,
    evaluation: Evaluation,
    base: Path,
    policy: GatePolicy,
    *,
    trained_on: np.ndarray | None = None,
    reload: Reload | None = None,
) -> Verdict:
    """Decide whether a trained model may be published.

    Args:
        recipe: has the floor.
        data: both models are compared on its test split.
        evaluation: of the trained model on that split.
        base: the model's folder of published versions; need not exist.
        policy: how strict to be.
        trained_on: digests of the photos that the model was trained on, as `note_training_photos`
            returns them; None: those of the training split.
        reload: loads the data of a recipe again, for versions that take photos of another size or
            preparation; None: such a version can't be compared.

    Raises:
        TrainingError: it is unknown which version serves.
    """
    if trained_on is None:
        trained_on = training_digests(data)
    candidate = Candidate(recipe, data, evaluation, trained_on, reload)
    constant, faults = _on_its_own(candidate)
    serving = serving_version(base, policy.model_config_file)
    difference, note = None, f"no version of {recipe.model} serves yet"
    if serving is not None:
        difference, note = None, ""
        try:
            difference = _with_serving(candidate, base / str(serving), faults)
        except (TrainingError, Incomparable) as error:
            faults.append(_not_compared(serving, error))
    best, best_difference = best_version(base, candidate), None
    best = None if best == serving else best
    if best is not None:
        try:
            best_difference = compare(candidate, PublishedModel(base / str(best)))
        except (TrainingError, Incomparable) as error:
            note = f"not compared with version {best}, the best one so far: {_reason(error)}"
    verdict = Verdict(
        accuracy=float(evaluation.right.mean()),
        photos=len(evaluation.classes),
        floor=recipe.floor,
        constant=constant,
        tolerance=policy.tolerance,
        serving=serving,
        difference=difference,
        note=note,
        best=best,
        best_difference=best_difference,
    )
    faults += verdict.losses()
    return replace(verdict, faults=tuple(faults), forced=bool(faults) and policy.force)


def _on_its_own(candidate: Candidate) -> tuple[Difference | None, list[str]]:
    """Compare with always naming the largest class, on test photos that it was not trained on.

    Returns:
        The difference, and what is wrong with the model on its own.
    """
    recipe, evaluation = candidate.recipe, candidate.evaluation
    unseen, total = candidate.unseen(), len(evaluation.classes)
    if unseen.sum() < candidate.fewest():
        return None, [
            f"it was trained on {total - unseen.sum():,} of the {total:,} test photos, with the"
            f" model that it started from, and at least {candidate.fewest()} others are needed:"
            " start from a model that was not, or test on other photos"
        ]
    right, classes = evaluation.right[unseen], evaluation.classes[unseen]
    accuracy, faults = float(right.mean()), []
    figures = f"{accuracy:.2%} ({right.sum():,} of {len(right):,} photos)"
    if accuracy < recipe.floor:
        faults.append(
            f"its test accuracy of {figures} is below the floor of {recipe.name},"
            f" {recipe.floor:.2%}: look at its curves in the report, and train it again"
        )
    largest = np.bincount(classes).argmax()
    constant = paired_difference(right, classes == largest)
    if constant.low <= gate_policy.LEAST_ADVANTAGE:
        faults.append(
            f"its test accuracy of {figures} is not clearly better than always naming"
            f" {evaluation.labels[largest]!r}, {(classes == largest).mean():.2%}:"
            f" {described_interval(constant)}; train it longer, or collect more photos"
        )
    return constant, faults


def _with_serving(candidate: Candidate, folder: Path, faults: list[str]) -> Difference | None:
    """Compare with the version that serves; add to the faults what speaks against replacing it."""
    old = PublishedModel(folder)
    which = f"version {old.version}, which serves"
    added = sorted({*candidate.data.labels} - {*old.labels})
    missing = sorted({*old.labels} - {*candidate.data.labels})
    if added or missing:
        changes = (("added", added), ("missing", missing))
        listed = "; ".join(f"{what}: {', '.join(names):.200}" for what, names in changes if names)
        faults.append(
            f"its labels are not those of {which} ({listed}): name another model with --name, or"
            " tell those who use this one"
        )
        return None
    shared = shared_photos(candidate, old)
    if shared and 2 * shared[0] < shared[1]:
        faults.append(
            f"only {shared[0]:,} of the {shared[1]:,} photos that {which}, was trained on are in"
            " this data set: check that it is the right folder"
        )
    difference = compare(candidate, old)
    stated, right = stated_accuracy(old.card), difference.old_accuracy
    most = accuracy_interval(round(right * difference.photos), difference.photos)[1]
    if stated and 2 * most < stated:
        faults.append(
            f"{which}, is right on only {right:.2%} of {difference.photos:,} test photos, but on"
            f" {stated:.2%} of those of its own: check that the labels are not mixed up"
        )
    return difference


def _not_compared(version: int, error: Exception) -> str:
    return (
        f"it can't be compared with version {version}, which serves: {_reason(error)}; score both"
        " on new photos (evaluate --photos)"
    )


def _reason(error: Exception) -> str:
    # The message of a TrainingError names a folder, and the card must not.
    return str(error) if isinstance(error, Incomparable) else "it can't be read as a model"
