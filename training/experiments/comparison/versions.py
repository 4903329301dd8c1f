"""Which of several published versions is better, on the same photos.

Only the photos about which two versions differ tell which is better: the exact McNemar test asks
whether one of the two is right about more of them than chance explains. Q. McNemar, "Note on the
sampling error of the difference between correlated proportions or percentages", Psychometrika 12
(1947), 153-157.
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from rich.console import Console
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.multitest import multipletests

from training.console import figures_table, say, say_left_out, show
from training.errors import TrainingError, UsageError
from training.experiments.comparison.verdict import LEVEL
from training.judging.scoring import LabelledPhotos, folder_photos, predicted, recipe_photos
from training.metrics.intervals import Difference, paired_difference
from training.publishing.published_model import PublishedModel


@dataclass(frozen=True)
class VersionVerdict:
    """The comparison of two versions.

    Attributes:
        a: `NAME/VERSION` of the one.
        b: of the other.
        both: photos about which both are right.
        neither: photos about which both are wrong.
        difference: accuracy of `a` minus that of `b`, with its interval; `gained` are the photos
            about which only `a` is right, `lost` those about which only `b` is.
        p: of the exact McNemar test.
        p_corrected: by Holm's method, for all pairs that are compared.
    """

    a: str
    b: str
    both: int
    neither: int
    difference: Difference
    p: float
    p_corrected: float

    @property
    def sentence(self) -> str:
        """The comparison in words."""
        found = self.difference
        better, other = (self.a, self.b) if found.estimate > 0 else (self.b, self.a)
        low, high = sorted(np.sign(found.estimate or 1) * 100 * np.array([found.low, found.high]))
        size = f"{100 * abs(found.estimate):.2f} points of accuracy"
        details = (
            f"95% interval {low:+.2f} to {high:+.2f}; exact McNemar p = {self.p_corrected:.2g}"
        )
        if self.p_corrected <= LEVEL:
            return f"{better} is better than {other} by {size} ({details})"
        return (
            f"no difference between {self.a} and {self.b} can be shown on {found.photos:,} photos:"
            f" {better} has {size} more ({details})"
        )


def compare_versions(
    folders: Sequence[Path], photos: Path | None, data: Path | None, console: Console
) -> list[VersionVerdict]:
    """Compare each pair of versions on photos that none of them was trained on.

    Args:
        folders: of the versions.
        photos: a folder or list of labelled photos; None: the test photos of the versions.
        data: folder of the data sets.
        console: shows what is loaded, and what is left out.

    Raises:
        UsageError: fewer than two versions, or one of them twice.
        TrainingError: versions with other labels, or without photos that all of them can be
            compared on.
    """
    if len(set(folders)) < max(2, len(folders)):
        raise UsageError("name two or more different versions, such as clothing/1 clothing/2")
    models = [PublishedModel(folder) for folder in folders]
    _check_labels(models)
    shown = [_photos(model, photos, data, console) for model in models]
    right = _right(models, shown, console)
    pairs = list(itertools.combinations(right, 2))
    found = [_compared(a, b, right[a], right[b]) for a, b in pairs]
    corrected = multipletests([each.p for each in found], LEVEL, "holm")[1]
    return [replace(each, p_corrected=float(p)) for each, p in zip(found, corrected, strict=True)]


def show_comparison(found: Sequence[VersionVerdict], console: Console) -> None:
    """Print how many photos each of two versions is right about, and what follows."""
    for each in found:
        table = figures_table("", f"{each.b} right", f"{each.b} wrong", title="photos")
        table.add_row(f"{each.a} right", f"{each.both:,}", f"{each.difference.gained:,}")
        table.add_row(f"{each.a} wrong", f"{each.difference.lost:,}", f"{each.neither:,}")
        show(console, table)
    for each in found:
        say(console, each.sentence)


def _name(model: PublishedModel) -> str:
    return f"{model.name}/{model.version}"


def _check_labels(models: Sequence[PublishedModel]) -> None:
    first, *others = models
    for other in others:
        if set(other.labels) != set(first.labels):
            raise TrainingError(
                f"{_name(first)} and {_name(other)} have different labels"
                f" ({', '.join(first.labels):.200}; {', '.join(other.labels):.200}): compare"
                " versions that tell the same things apart"
            )


def _photos(
    model: PublishedModel, photos: Path | None, data: Path | None, console: Console
) -> LabelledPhotos:
    if photos:
        found = folder_photos(model, photos, "test", console)
    else:
        found = recipe_photos(model, None, data, "test", console)
    say_left_out(console, found.left_out)
    return found


def _right(
    models: Sequence[PublishedModel], shown: Sequence[LabelledPhotos], console: Console
) -> dict[str, np.ndarray]:
    """Return which of the photos that all can be compared on each is right about, by its name."""
    rows = [{name: row for row, name in enumerate(photos.names)} for photos in shown]
    common = [name for name in rows[0] if all(name in each for each in rows[1:])]
    if not common:
        listed = "; ".join(dict.fromkeys(photos.name for photos in shown))
        raise TrainingError(
            f"{' and '.join(map(_name, models))} have no test photos in common ({listed}): name"
            " photos for both with --photos"
        )
    chosen = [
        photos.part(np.array([each[name] for name in common]))
        for photos, each in zip(shown, rows, strict=True)
    ]
    unseen = np.ones(len(common), bool)
    for model, photos in zip(models, chosen, strict=True):
        seen = photos.overlap.seen
        if seen is not None:
            unseen &= ~seen
        if warning := photos.overlap.warning(_name(model), len(common)):
            say(console, warning if seen is None else f"{warning}; they are left out")
    if not unseen.any():
        raise TrainingError(
            f"there are no photos that none of {', '.join(map(_name, models))} was trained on: name"
            " new ones with --photos"
        )
    kept = np.flatnonzero(unseen)
    return {
        _name(model): predicted(model, photos.part(kept))[0].right
        for model, photos in zip(models, chosen, strict=True)
    }


def _compared(a: str, b: str, right: np.ndarray, other: np.ndarray) -> VersionVerdict:
    difference = paired_difference(right, other)
    both, neither = int((right & other).sum()), int((~right & ~other).sum())
    table = [[both, difference.gained], [difference.lost, neither]]
    p = float(mcnemar(table, exact=True).pvalue)
    return VersionVerdict(a, b, both, neither, difference, p, p)
