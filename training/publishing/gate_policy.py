"""How a model is published: how strict the gate is, and what a version has. No framework here."""

from dataclasses import dataclass
from pathlib import Path

TOLERANCE = 0.0
"""Percentage points of accuracy that a version may lose by default."""

LEAST_ADVANTAGE = 0.0
"""What the 95% interval of a model's advantage over a constant answer must lie above."""


@dataclass(frozen=True)
class GatePolicy:
    """How a model is published.

    Attributes:
        tolerance: percentage points of accuracy that a version may lose to the one that serves, or
            to the best one.
        force: publish whatever the gate finds; the card records its findings.
        model_config_file: of the model server, where it has one.
        report: whether the version has its report, and pictures of mistakes in its card.
    """

    tolerance: float = TOLERANCE
    force: bool = False
    model_config_file: Path | None = None
    report: bool = True
