"""Which trials a sweep has, in which order, and how many epochs they cost.

A trial whose first epochs are those of another one comes after that, and goes on from its state.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from training.experiments.factors import Design, Factor, Setting, combinations
from training.overrides import hyperparameters
from training.pipeline.shared_epochs import epochs_in_common
from training.recipe import Recipe


@dataclass(frozen=True)
class PlannedTrial:
    """One setting that is trained.

    Attributes:
        setting: what is trained.
        after: position of the trial that it goes on from; None if it begins by itself.
        shared: number of epochs that it takes over from that.
    """

    setting: Setting
    after: int | None = None
    shared: int = 0

    @property
    def epochs(self) -> int:
        """The epochs that remain to be fitted."""
        return self.setting.recipe.epochs - self.shared


def planned(recipe: Recipe, factors: Sequence[Factor], design: Design) -> list[PlannedTrial]:
    """Return the trials of a sweep in the order in which they are trained.

    Raises:
        UsageError: a setting is wrong (`training.experiments.factors.combinations`).
    """
    chains: dict[str, list[Setting]] = {}
    for setting in combinations(recipe, factors, design):
        alike = hyperparameters(replace(setting.recipe, epochs=1))
        chains.setdefault(str(alike), []).append(setting)
    trials: list[PlannedTrial] = []
    for chain in chains.values():
        first = True
        for setting in sorted(chain, key=lambda each: each.recipe.epochs):
            shared = 0 if first else epochs_in_common(setting.recipe, trials[-1].setting.recipe)
            after = len(trials) - 1 if shared else None
            trials.append(PlannedTrial(setting, after, shared))
            first = False
    return trials


def epochs_to_fit(trials: Sequence[PlannedTrial], known: Sequence[int]) -> int:
    """Return how many epochs the trials of a plan will really be fitted for.

    Args:
        trials: of `planned`.
        known: of each trial, the epochs that are there already: all of a finished run's, or those
            that another run shares.
    """
    return sum(
        trial.setting.recipe.epochs - max(trial.shared, have)
        for trial, have in zip(trials, known, strict=True)
    )
