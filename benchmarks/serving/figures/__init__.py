"""The figures, each measured in paired rounds: every round measures all that is compared, in turn.

Each module has `STEPS` of a round, `measure`, and `report`, which returns tables and bars.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.serving.programs import Running

CLIENTS = 8


@dataclass(frozen=True)
class Plan:
    """The number of rounds, the seconds of each load, and a callback for progress."""

    rounds: int
    seconds: float
    step: Callable[[str], None]


@dataclass(frozen=True)
class Setup:
    """What is measured.

    Attributes:
        chain: the gateway with its model server.
        models: the folder of its models.
        logs: a folder for the output of further programs.
        small: photos of 600×800 pixels.
        large: a photo of 12 megapixels.
        hostile: number of hostile uploads.
    """

    chain: Running
    models: Path
    logs: Path
    small: list[bytes]
    large: bytes
    hostile: int
