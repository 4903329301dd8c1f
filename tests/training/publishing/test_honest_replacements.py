"""Replacing a model by one that is as good or better: nothing is in the way."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.training.publishing.letters import Attempt, attempt, better, draw
from training.publishing.gate_policy import GatePolicy

pytestmark = pytest.mark.usefixtures("strict")

Honest = Callable[[Attempt, Path], tuple[Attempt, np.ndarray]]


def _again(live: Attempt, shop: Path) -> tuple[Attempt, np.ndarray]:
    return live, live.easy()


def _better(live: Attempt, shop: Path) -> tuple[Attempt, np.ndarray]:
    return live, better(live.easy(), 1)


def _photos_added(live: Attempt, shop: Path) -> tuple[Attempt, np.ndarray]:
    run = attempt(draw(shop, first=500), Path("models"))
    return run, better(run.easy(), 2)


def _another_size(live: Attempt, shop: Path) -> tuple[Attempt, np.ndarray]:
    return attempt(shop, Path("models"), shape=(4, 4, 3)), better(live.easy(), 1)


def _another_split(live: Attempt, shop: Path) -> tuple[Attempt, np.ndarray]:
    run = attempt(shop, Path("models"), split_seed=2)
    return run, np.ones(len(run.data.test), bool)


@pytest.mark.parametrize("change", [_again, _better, _photos_added, _another_size, _another_split])
def test_an_honest_improvement_passes(live: Attempt, shop: Path, change: Honest) -> None:
    run, right = change(live, shop)
    verdict = run.judged(right, GatePolicy(), Path("runs/letters"))
    verdict.check()
    assert verdict.difference is not None
    assert verdict.difference.estimate >= 0
