"""The page of a report: the figures of a run, rendered with `page.html`."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

import numpy as np

from training.data.class_balance import imbalance
from training.metrics.evaluation import Evaluation
from training.model_cards import all_right, start_text, times
from training.report.overfitting import FEWEST, overfitting_start
from training.report.pictures import DARK, LIGHT, curves
from training.report.reliability import reliability
from training.report.templates import environment
from training.report.tiles import Tile
from training.runs.history import best_epoch

_MAX_CLASSES = 20  # In a confusion matrix that is shown as a table.


@dataclass(frozen=True)
class Cell:
    """A count of the confusion matrix, and its share of the row."""

    count: int
    share: float
    right: bool


def render(
    title: str,
    card: dict[str, Any],
    history: list[dict[str, Any]],
    evaluation: Evaluation,
    mistakes: Sequence[Tile] | None = None,
    sample: Sequence[Tile] | None = None,
    accepted: Sequence[Tile] | None = None,
    *,
    is_published: bool = False,
) -> str:
    """Return the page: HTML that needs no other files and no network.

    The evaluation is of the test split; the history may be empty. Without tiles the page has no
    section for them; if it is published, it refers to no files beside it.
    """
    best = best_epoch(card["trained"])
    return (
        environment()
        .get_template("page.html")
        .render(
            title=title,
            card=card,
            start=start_text(card.get("started_from")),
            metrics=evaluation.metrics(),
            light=LIGHT,
            dark=DARK,
            best=best,
            imbalance=_imbalance(card),
            curves=curves(history, best),
            reliability=reliability(card),
            history=history,
            speed=_speed(history),
            time=times(card["trained"]),
            all_right=all_right(card),
            overfitting=_overfitting(history),
            confusion=_confusion(evaluation),
            mistakes=mistakes,
            sample=sample,
            accepted=accepted,
            is_published=is_published,
            wrong=int((~evaluation.right).sum()),
        )
    )


def _imbalance(card: dict[str, Any]) -> str:
    """Describe unbalanced training photos; empty if they are balanced, or the card is older."""
    classes = card.get("metrics", {}).get("training", {}).get("classes", {})
    counts = {label: figures["photos"] for label, figures in classes.items()}
    return imbalance(counts) if counts else ""


def _speed(history: list[dict[str, Any]]) -> float | None:
    """Return the training photos per second, the median over the epochs."""
    known = [entry["images_per_second"] for entry in history if entry.get("images_per_second")]
    return median(known) if known else None


def _overfitting(history: list[dict[str, Any]]) -> str:
    """Describe where overfitting starts, or why that is unknown."""
    losses = [entry.get("val_loss") for entry in history]
    if not history or None in losses:
        return (
            "It is unknown whether the network overfits: there was no validation split"
            " (held_out makes one)."
        )
    if len(history) < FEWEST:
        return f"At least {FEWEST} epochs are needed to detect overfitting."
    start = overfitting_start(losses)
    if start is None:
        return "The network does not overfit: the validation loss does not rise again."
    return (
        f"Overfitting starts after epoch {history[start]['epoch']}: the validation loss, smoothed"
        " over three epochs, is lowest there and at least 1% higher at the end."
    )


def _confusion(evaluation: Evaluation) -> list[tuple[str, list[Cell]]]:
    """Return the rows of the matrix; none if there are too many classes for a table."""
    counts = evaluation.confusion()
    if len(counts) > _MAX_CLASSES:
        return []
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    numbers = range(len(counts))
    return [
        (label, [Cell(int(counts[row, i]), float(shares[row, i]), i == row) for i in numbers])
        for row, label in enumerate(evaluation.labels)
    ]
