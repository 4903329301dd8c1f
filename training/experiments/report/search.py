"""Plots of a search in ranges: the best value so far, and the importance of each setting."""

import warnings
from functools import partial
from typing import Any

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from training.experiments.report.effects import METRICS, scale
from training.experiments.report.plots import Plot, shortened, style
from training.experiments.report.trials import Trials, is_logarithmic, numbers
from training.report.pictures import LIGHT

_FEWEST = 20  # Finished trials that tell which settings are important.
_BEST = 0.25  # Of the trials: what they have in common is important.


def history_plot(trials: Trials) -> Plot | None:
    """Return the plot of the goal's figure by trial, and of the best so far; None without any."""
    if trials.finished.empty:
        return None
    alt = f"{METRICS[trials.goal]} of each trial, and the best so far"
    return Plot("history", alt, (6.2, 3.4), partial(_draw_history, trials))


def importance_plot(trials: Trials) -> Plot | None:
    """Return the plot of the importance of each setting; None if too few trials tell it."""
    found = importances(trials)
    if not found:
        return None
    height = 0.9 + 0.36 * len(found)
    return Plot(
        "importance", "importance of each setting", (5.2, height), partial(_draw_bars, found)
    )


def importances(trials: Trials) -> dict[str, float]:
    """Return the importance of each factor, the most important first; they add up to 1.

    It is the share in what the best quarter of the trials have in common; none is known with fewer
    than 20 finished trials or two factors. Source: S. Watanabe, A. Bansal and F. Hutter,
    "PED-ANOVA: efficiently quantifying hyperparameter importance in arbitrary subspaces", IJCAI
    2023.
    """
    import optuna

    if len(trials.finished) < _FEWEST or len(trials.factors) < 2:
        return {}
    lower_is_better = trials.goal == "validation_loss"
    verbosity = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        study = optuna.create_study(direction="minimize" if lower_is_better else "maximize")
        columns = [_column(trials, name) for name in trials.names]
        distributions = {name: found[1] for name, found in zip(trials.names, columns, strict=True)}
        values_of = [found[0] for found in columns]
        for value, *values in zip(trials.finished[trials.goal], *values_of, strict=True):
            params = dict(zip(trials.names, values, strict=True))
            made = optuna.trial.create_trial(
                params=params, distributions=distributions, value=float(value)
            )
            study.add_trial(made)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # The evaluator is new in Optuna.
            evaluator = optuna.importance.PedAnovaImportanceEvaluator(target_quantile=_BEST)
            return dict(optuna.importance.get_param_importances(study, evaluator=evaluator))
    finally:
        optuna.logging.set_verbosity(verbosity)


def _column(trials: Trials, name: str) -> tuple[pd.Series, Any]:
    """Return the values of a factor, and the distribution that they are from."""
    from optuna.distributions import CategoricalDistribution, FloatDistribution

    factor = next(each for each in trials.factors if each.name == name)
    values = trials.finished[name]
    if not trials.is_searched(factor):
        return values, CategoricalDistribution(list(dict.fromkeys(values)))
    values = numbers(values)
    return values, FloatDistribution(values.min(), values.max(), log=is_logarithmic(values))


def _draw_history(trials: Trials, figure: Figure) -> None:
    axes = figure.add_subplot()
    style(axes, METRICS[trials.goal])
    values = trials.finished[trials.goal].sort_index()
    ends = trials.frame.loc[values.index, "number"]
    best = values.cummin() if trials.goal == "validation_loss" else values.cummax()
    axes.plot(ends, values, "o", color=LIGHT.other, markersize=5, label="finished trial")
    axes.step(ends, best, where="post", color=LIGHT.right, linewidth=2, label="best so far")
    pruned = trials.others[trials.others["state"] == "pruned"]
    figures = pruned[trials.goal]
    if figures.notna().any():
        axes.plot(
            pruned["number"], figures, "x", color=LIGHT.other, markersize=5, label="when pruned"
        )
    axes.set_xlabel("trial")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    scale(axes, trials.goal, pd.concat([values, figures.dropna()]))
    axes.legend(frameon=False, fontsize=9)


def _draw_bars(found: dict[str, float], figure: Figure) -> None:
    axes = figure.add_subplot()
    style(axes)
    shares = list(found.values())
    places = [-place for place in range(len(shares))]
    axes.barh(places, shares, color=LIGHT.right, height=0.6)
    axes.set_yticks(places, [shortened(name, 32) for name in found])
    for place, share in zip(places, shares, strict=True):
        axes.text(share, place, f" {share:.0%}", va="center", size=9)
    axes.set(xlim=(0, 1.15 * max(shares)), xticks=())
    axes.grid(visible=False)
    axes.spines["bottom"].set_visible(False)
