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
  if that may be chance;
- it is worse than this version on the test split of own photos (`--also`) by more than the
  tolerance, and that is not chance: the 95% interval lies below 0. They are few, and their accuracy
  is not what the labels promise; below 20 photos, there is no comparison.

The version that serves now: `serving_version`. The best version is, of those still in the folder
(`prune` keeps it) that can be compared, the one whose card states the highest test accuracy on the
same data (equal digest), or if there is none, on other data. Without that comparison, each version
could be worse by the tolerance than the one before. Only these two versions are scored again.
"""

from dataclasses import replace
from pathlib import Path

import numpy as np

from training.errors import TrainingError
from training.metrics.intervals import Difference, accuracy_interval, paired_difference
from training.model_cards import stated_accuracy
from training.publishing import gate_policy
from training.publishing.best_version import best_version
from training.publishing.comparison import (
    Candidate,
    Incomparable,
    compare,
    compare_on_own,
    shared_photos,
)
from training.publishing.gate_policy import GatePolicy
from training.publishing.published_model import PublishedModel
from training.publishing.serving_version import serving_version
from training.publishing.verdict import Verdict, described_interval


def judge(candidate: Candidate, base: Path, policy: GatePolicy) -> Verdict:
    """Decide whether a trained model may be published.

    Args:
        candidate: the model.
        base: its folder of published versions; need not exist.
        policy: how strict to be.

    Raises:
        TrainingError: it is unknown which version serves.
    """
    constant, faults = _on_its_own(candidate)
    serving = serving_version(base, policy.model_config_file)
    difference, note = None, ""
    if serving is None:
        note = f"no version of {candidate.recipe.model} serves yet"
    else:
        try:
            difference = _with_serving(candidate, base / str(serving), faults)
        except (TrainingError, Incomparable) as error:
            faults.append(
                f"it can't be compared with version {serving}, which serves: {_reason(error)};"
                " score both on new photos (evaluate --photos)"
            )
    own_difference, own_note = _on_own_photos(candidate, base, serving)
    best, best_difference = best_version(base, candidate), None
    best = None if best == serving else best
    if best is not None:
        try:
            best_difference = compare(candidate, PublishedModel(base / str(best)))
        except (TrainingError, Incomparable) as error:
            note = f"not compared with version {best}, the best one so far: {_reason(error)}"
    verdict = Verdict(
        accuracy=float(candidate.evaluation.right.mean()),
        photos=len(candidate.evaluation.classes),
        floor=candidate.recipe.floor,
        constant=constant,
        tolerance=policy.tolerance,
        serving=serving,
        difference=difference,
        note=note,
        best=best,
        best_difference=best_difference,
        own_accuracy=float(candidate.own.right.mean()) if candidate.own else None,
        own_photos=len(candidate.own.classes) if candidate.own else 0,
        own_difference=own_difference,
        own_note=own_note,
    )
    faults += verdict.losses()
    return replace(verdict, faults=tuple(faults), forced=bool(faults) and policy.force)


def _on_its_own(candidate: Candidate) -> tuple[Difference | None, list[str]]:
    """Compare with always naming the largest class, on test photos that it was not trained on.

    Returns:
        The difference, and what is wrong with the model on its own.
    """
    recipe, evaluation = candidate.recipe, candidate.evaluation
    unseen, total = candidate.unseen, len(evaluation.classes)
    if unseen.sum() < candidate.fewest:
        return None, [
            f"it was trained on {total - unseen.sum():,} of the {total:,} test photos, with the"
            f" model that it started from, and at least {candidate.fewest} others are needed:"
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
    new, known = {*candidate.data.labels}, {*old.labels}
    if new != known:
        changes = (("added", sorted(new - known)), ("missing", sorted(known - new)))
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
            " this data set: is this the right folder of photos?"
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


def _on_own_photos(
    candidate: Candidate, base: Path, serving: int | None
) -> tuple[Difference | None, str]:
    """Compare with the version that serves on own photos; or say why that is not possible."""
    if serving is None or candidate.own is None:
        return None, ""
    try:
        old = PublishedModel(base / str(serving))
        if {*old.labels} != {*candidate.data.labels}:
            return None, ""  # A fault on its own.
        return compare_on_own(candidate, old), ""
    except (TrainingError, Incomparable) as error:
        return None, f"not compared with version {serving} on own photos: {_reason(error)}"


def _reason(error: Exception) -> str:
    # The message of a TrainingError names a folder, and the card must not.
    return str(error) if isinstance(error, Incomparable) else "it can't be read as a model"
