"""The figures as tables."""

from collections.abc import Sequence

from benchmarks.photos.scores import Score
from benchmarks.serving.report import Page


def scores(title: str, found: Sequence[Score]) -> Page:
    """Return accuracy by kind of photo, and its difference from the clean photos."""
    heading = ["photos", "number", "accuracy", "points from clean", "confidence", "recognized"]
    page = Page(title, heading)
    for each in found:
        known = "–" if each.recognized is None else f"{each.recognized:.1%}"
        number, accuracy = f"{len(each.right):,}", f"{each.accuracy:.1%}"
        if each.name == "other":
            accuracy = "–"
        page.rows.append(
            [each.name, number, accuracy, _difference(each), f"{each.confidence:.1%}", known]
        )
    return page


def _difference(score: Score) -> str:
    against = score.against
    if against is None:
        return "–"
    low, high = 100 * against.low, 100 * against.high
    return f"{100 * against.estimate:+.1f} ({low:+.1f} to {high:+.1f})"
