"""What a queue hands out and gives back, as plain values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

Direction = Literal["minimize", "maximize"]
Param = str | int | float | bool | None
State = Literal["done", "failed", "pruned", "running", "waiting"]


@dataclass(frozen=True)
class Item:
    """One unit of work.

    Attributes:
        params: what the work is about; shown by Optuna's own tools too.
        after: positions of the items that must be done, or have failed, before this one begins.
    """

    params: Mapping[str, Param]
    after: tuple[int, ...] = ()


@dataclass(frozen=True)
class Range:
    """The numbers from `low` to `high` that a search tries.

    Attributes:
        low: the lowest, included.
        high: the highest, included.
        log: uniform in the logarithm, as for learning rates.
        whole: integers only.
    """

    low: float
    high: float
    log: bool = False
    whole: bool = False


@dataclass(frozen=True)
class Choices:
    """The values that a search tries, in no order."""

    values: tuple[Param, ...]


@dataclass(frozen=True)
class Result:
    """What is known of one item.

    Attributes:
        position: in the queue, from 0.
        params: of the item, or those that the search has sampled; empty before.
        state: `pruned` was done too, but ended early because it was hopeless.
        value: of the objective; None until it is done.
        facts: that the process noted when it finished.
        reason: why it failed.
        began: when a process took it, in the time zone of that process.
        ended: when it was finished.
    """

    position: int
    params: Mapping[str, Param]
    state: State
    value: float | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)
    reason: str = ""
    began: datetime | None = None
    ended: datetime | None = None


@dataclass(frozen=True)
class Timing:
    """How long processes wait for each other and for the database, in seconds.

    Attributes:
        heartbeat: between two signs of life of the process that works on an item.
        grace: without such a sign before another process takes the item.
        poll: between two looks for an item while others work.
        retry_seconds: for which a database that can't be reached is tried again.
    """

    heartbeat: int = 5
    grace: int = 15
    poll: float = 0.5
    retry_seconds: float = 60.0
