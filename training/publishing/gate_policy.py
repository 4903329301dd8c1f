"""How strict the publishing gate is. No framework is imported here."""

from dataclasses import dataclass
from pathlib import Path

TOLERANCE = 0.5
"""Percentage points of accuracy that a version may lose by default."""


@dataclass(frozen=True)
class GatePolicy:
    """How strict the gate is.

    Attributes:
        tolerance: percentage points of accuracy that a version may lose to the one that serves.
        force: publish whatever the gate finds; the card records its findings.
        model_config_file: of the model server, where it has one.
    """

    tolerance: float = TOLERANCE
    force: bool = False
    model_config_file: Path | None = None
