"""What the page of a model shows of its card.

A card may come from an earlier release or from elsewhere: what is missing, or of another type, is
left out.
"""

import math
import re
from dataclasses import dataclass
from typing import Any

Number = (int, float)

_SHADES = 5
_BASE64 = re.compile(r"[A-Za-z0-9+/]+={0,2}")


class Card:
    """A card, whose members are read by their path."""

    def __init__(self, content: dict[str, Any]) -> None:
        self._content = content

    def get(self, *path: str, kind: Any = dict) -> Any:
        """Return the member at a path if it is of a kind, else None."""
        found: Any = self._content
        for name in path:
            found = found.get(name) if isinstance(found, dict) else None
        return found if isinstance(found, kind) and not isinstance(found, bool) else None

    def number(self, *path: str) -> float | None:
        """Return a number."""
        found: float | None = self.get(*path, kind=Number)
        return found

    def text(self, *path: str) -> str | None:
        """Return a text."""
        found: str | None = self.get(*path, kind=str)
        return found

    def numbers(self, *path: str, names: tuple[str, ...]) -> list[tuple[str, dict[str, float]]]:
        """Return the members at a path that have all of the named numbers."""
        members = (self.get(*path) or {}).items()
        return [
            (name, {each: member[each] for each in names})
            for name, member in members
            if isinstance(member, dict) and all(_is_number(member.get(each)) for each in names)
        ]

    def unknowns(self) -> list[tuple[str, int, float]]:
        """Return for each kind of unknown photos: its name, how many, and the share accepted."""
        score = self.text("recognition", "score") or ""
        found = []
        for name in self.get("recognition", "unknowns") or {}:
            path = ("recognition", "unknowns", name)
            photos = self.number(*path, "photos")
            share = self.number(*path, "scores", score, "false_acceptance")
            if photos is not None and share is not None:
                found.append((name, int(photos), share))
        return found

    def reliability(self) -> list[dict[str, float]]:
        """Return the bins of the reliability diagram."""
        names = ("from", "to", "photos", "confidence", "accuracy")
        bins = self.get("calibration", "test", self._stage(), "reliability", kind=list) or []
        return [
            each
            for each in bins
            if isinstance(each, dict) and all(_is_number(each.get(name)) for name in names)
        ]

    def calibration_error(self) -> float | None:
        """Return the expected calibration error."""
        return self.number("calibration", "test", self._stage(), "ece")

    def _stage(self) -> str:
        """Name the figures of the probabilities that the model gives."""
        return "after" if (self.get("calibration") or {}).get("calibrated") is True else "before"

    def confusion(self) -> "Confusion | None":
        """Return the confusion matrix."""
        labels = self.get("metrics", "test", "confusion", "labels", kind=list) or []
        rows = self.get("metrics", "test", "confusion", "counts", kind=list) or []
        size = len(labels)
        square = len(rows) == size and all(
            isinstance(row, list) and len(row) == size and all(map(_is_number, row)) for row in rows
        )
        return Confusion(list(map(str, labels)), rows) if labels and square else None

    def mistakes(self) -> list[dict[str, Any]]:
        """Return the example mistakes; `png` is missing where it is left out or not base64."""
        found = []
        for each in self.get("metrics", "test", "mistakes", kind=list) or []:
            named = isinstance(each, dict) and all(
                isinstance(each.get(name), str) for name in ("label", "predicted")
            )
            if named and _is_number(each.get("probability")):
                png = each.get("png")
                valid = isinstance(png, str) and _BASE64.fullmatch(png)
                found.append({**each, "png": png if valid else None})
        return found


@dataclass(frozen=True)
class Confusion:
    """A confusion matrix; rows are the true classes."""

    labels: list[str]
    counts: list[list[int]]

    def shade(self, row: int, column: int) -> int:
        """Return how strong the colour of a cell is: its share of the row, from 0 to 5."""
        total = sum(self.counts[row])
        share = max(0.0, self.counts[row][column] / total) if total else 0.0
        # Steps of the square root: mistakes are rare, and the ones to see.
        return min(_SHADES, round(math.sqrt(share) * _SHADES))


def _is_number(value: object) -> bool:
    return isinstance(value, Number) and not isinstance(value, bool)
