"""What the publishing gate found: for the console, the report and the card."""

import json
import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from training.errors import Refused
from training.metrics.intervals import Difference

USUAL_TOLERANCE = 0.5
"""Percentage points; suggested where a smaller loss is refused."""


@dataclass(frozen=True)
class Verdict:
    """What the gate found.

    Attributes:
        accuracy: of the model on the test split.
        photos: of the test split.
        floor: the recipe's.
        constant: the comparison with always naming the largest class; None if the model was trained
            on the test photos.
        tolerance: in percentage points.
        serving: number of the version that serves; None if none does.
        difference: the comparison with it; None without one.
        note: what there was no comparison with, and why; may be empty.
        best: number of the best version so far, if it is another one.
        best_difference: the comparison with it; None without one.
        own_accuracy: of the model on the test split of own photos; None without any.
        own_photos: of that split.
        own_difference: the comparison with the version that serves on them; None without one.
        own_note: why there was none; may be empty.
        faults: why the model is refused; empty if it is not.
        forced: whether it is published nevertheless.
    """

    accuracy: float
    photos: int
    floor: float
    constant: Difference | None
    tolerance: float
    serving: int | None
    difference: Difference | None
    note: str
    best: int | None = None
    best_difference: Difference | None = None
    own_accuracy: float | None = None
    own_photos: int = 0
    own_difference: Difference | None = None
    own_note: str = ""
    faults: tuple[str, ...] = ()
    forced: bool = False

    def record(self) -> dict[str, Any]:
        """Return the verdict as JSON values, for the card."""
        return dict(json.loads(json.dumps(asdict(self))))  # Tuples become lists.

    def lines(self) -> list[str]:
        """Return the lines to print when the model is published."""
        lines = [
            f"against version {version}, {what}: {self._described(difference)}"
            for version, what, difference in self._comparisons()
        ]
        if self.own_difference:
            found = _on_own(self.own_difference)
            lines.append(f"against version {self.serving} on own photos: {found}")
        lines += filter(None, (self.note, self.own_note))
        return lines + [f"published by force: {fault}" for fault in self.faults if self.forced]

    def check(self) -> None:
        """Raise an error if the model is refused and publishing is not forced.

        Raises:
            Refused: names every fault with its figures.
        """
        if self.faults and not self.forced:
            raise Refused(
                f"not published: {'. Also, '.join(self.faults)}. --force publishes it anyway"
            )

    def losses(self) -> Iterator[str]:
        """Yield how much worse the model is than each version that it is too much worse than."""
        for version, what, difference in self._comparisons():
            # Rounded: 0.6 points are no more than a tolerance of 0.6.
            loss = round(-100 * difference.estimate, 9)
            if loss > self.tolerance:
                yield (
                    f"it is worse than version {version}, {what}: {self._described(difference)}; "
                    + _advice(loss, difference)
                )

        own = self.own_difference
        if own and own.high < 0 and round(-100 * own.estimate, 9) > self.tolerance:
            yield (
                f"it is worse than version {self.serving}, which serves, on own photos:"
                f" {_on_own(own)}; train it on more of them (own.share)"
            )

    def _comparisons(self) -> Iterator[tuple[int, str, Difference]]:
        if self.serving is not None and self.difference:
            yield self.serving, "which serves", self.difference
        if self.best is not None and self.best_difference:
            yield self.best, "the best one so far", self.best_difference

    def _described(self, difference: Difference) -> str:
        where = f"the same {self.photos:,} test photos"
        if difference.photos < self.photos:
            where = (
                f"the {difference.photos:,} of {self.photos:,} test photos that neither was"
                " trained on"
            )
        return _points(difference, where)


def _on_own(difference: Difference) -> str:
    return _points(difference, f"{difference.photos:,} that were held out")


def _points(difference: Difference, where: str) -> str:
    return (
        f"{100 * difference.estimate:+.2f} points of accuracy on {where}"
        f" ({described_interval(difference)}; {difference.gained:,} photos gained,"
        f" {difference.lost:,} lost)"
    )


def _advice(loss: float, difference: Difference) -> str:
    """Return what to do about a loss of so many percentage points."""
    may_be_chance = difference.high > 0
    if not may_be_chance and loss > USUAL_TOLERANCE:
        return "keep the other one, or try other settings"
    accepts = max(USUAL_TOLERANCE, math.ceil(10 * loss) / 10)
    chance = "the loss may be chance, and " if may_be_chance else ""
    return f"{chance}--tolerance {accepts:g} accepts such losses"


def described_interval(difference: Difference) -> str:
    """Return the confidence interval of a difference, in percentage points."""
    return f"95% interval {100 * difference.low:+.2f} to {100 * difference.high:+.2f}"
