"""What a sweep shows."""

import io
from pathlib import Path

from rich.console import Console

from training.experiments.factors import read_factor
from training.experiments.queue import Item, open_queue
from training.experiments.sweeps.progress import TrialLines
from training.experiments.sweeps.sweep import Sweep
from training.recipes import RECIPES


def test_a_trial_whose_validation_loss_is_not_finite_has_a_line(tmp_path: Path) -> None:
    sweep = Sweep("rates", RECIPES["clothing-dense128-adam"], (read_factor("learning_rate=1,2"),))
    items = [Item({"n": position}) for position in range(2)]
    queue = open_queue(f"sqlite:///{tmp_path / 'study.db'}", "rates", {}, items, "maximize")
    for loss in (0.25, None):  # As `history.json` has it.
        claimed = queue.claim()
        assert claimed
        with claimed as claim:
            claim.finish(0.5, validation_accuracy=0.5, validation_loss=loss, seconds=7.0)
    said = io.StringIO()

    TrialLines(sweep, queue, Console(file=said)).show()

    assert said.getvalue().splitlines() == [
        "trial 1/2  learning_rate=1.0  validation 50.00%  loss 0.2500  7 s",
        "trial 2/2  learning_rate=2.0  validation 50.00%  loss not finite  7 s",
    ]
