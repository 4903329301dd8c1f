"""What a sweep has found: its trials as a data frame, and the best of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from training.errors import TrainingError
from training.experiments.queue import Result
from training.experiments.sweeps.sweep import Sweep

FIGURES = ("epochs", "validation_loss", "validation_accuracy", "seconds", "parameters")


@dataclass(frozen=True)
class Chosen:
    """The best trial of a sweep.

    Attributes:
        position: of the trial.
        params: of the trial, as the queue has them.
        levels: the label of each factor's level, or the value of each setting that was searched.
        figures: of the trial (`training.experiments.sweeps.trial.Figures`).
    """

    position: int
    params: Mapping[str, Any]
    levels: dict[str, str]
    figures: dict[str, Any]


def trials_frame(sweep: Sweep, results: Sequence[Result]) -> pd.DataFrame:
    """Return a row for each trial, in their order.

    Columns: `number` (from 1), one for each factor with the label of its level, then `epochs`,
    `validation_loss` (nats), `validation_accuracy` (0 to 1), `seconds` of fitting, `parameters` of
    the network, `state` and `reason` (why it failed), `run` (name of its folder). Figures of trials
    that have not ended are missing. Where `epochs` vary, there is one column of that name.
    """
    figures = [name for name in FIGURES if name not in sweep.names]
    rows = [
        {
            "number": result.position + 1,
            **sweep.levels_of(result.position, result.params),
            **{name: result.facts.get(name) for name in figures},
            "state": result.state,
            "reason": result.reason,
            "run": result.facts.get("run", ""),
        }
        for result in sorted(results, key=lambda each: each.position)
    ]
    columns = ["number", *sweep.names, *figures, "state", "reason", "run"]
    return pd.DataFrame(rows, columns=columns).astype(dict.fromkeys(figures, "float64"))


def chosen(sweep: Sweep, results: Sequence[Result]) -> Chosen:
    """Return the best trial; of equally good ones, the one that was fitted in the shortest time.

    Raises:
        TrainingError: no trial has ended well.
    """
    sign = -1 if sweep.goal == "validation_accuracy" else 1
    done = [result for result in results if result.state == "done"]
    if not done:
        reasons = {result.reason for result in results if result.reason}
        raise TrainingError(f"no trial has ended well: {'; '.join(sorted(reasons)) or 'none ran'}")
    best = min(done, key=lambda each: (sign * (each.value or 0.0), each.facts["seconds"]))
    levels = sweep.levels_of(best.position, best.params)
    return Chosen(best.position, best.params, levels, dict(best.facts))
