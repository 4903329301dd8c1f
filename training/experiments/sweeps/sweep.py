"""A sweep: which settings of a recipe are tried, on what, and for what."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from training.experiments.factors import Design, Factor, Goal
from training.experiments.queue import (
    Choices,
    Direction,
    Item,
    Queue,
    Range,
    open_queue,
    open_search,
)
from training.experiments.sweeps.plan import PlannedTrial, planned
from training.experiments.sweeps.search import assignments
from training.overrides import hyperparameters, override, shown_value
from training.recipe import Recipe
from training.runs.identity import RunIdentity


@dataclass(frozen=True)
class Sweep:
    """What is asked.

    Attributes:
        name: of the study in its database.
        recipe: with the settings that all trials have.
        factors: what varies, in a grid or one at a time.
        design: how the factors are combined.
        space: in a search, what settings are drawn from; then there are no factors.
        trials: in a search, their number.
        pruning: in a search, whether hopeless trials end early (Hyperband, Li et al. 2018,
            https://jmlr.org/papers/v18/16-558.html).
        goal: what the best setting is best in.
    """

    name: str
    recipe: Recipe
    factors: tuple[Factor, ...] = ()
    design: Design = "grid"
    space: Mapping[str, Range | Choices] = field(default_factory=dict)
    trials: int = 0
    pruning: bool = True
    goal: Goal = "validation_accuracy"

    @cached_property
    def plan(self) -> list[PlannedTrial]:
        """The trials in their order; of a search, which draws them later, none.

        Raises:
            UsageError: a setting is wrong.
        """
        return [] if self.space else planned(self.recipe, self.factors, self.design)

    def check(self) -> None:
        """Raise UsageError if a setting is wrong."""
        _ = self.plan

    @property
    def names(self) -> list[str]:
        """What varies."""
        return [*self.space] or [factor.name for factor in self.factors]

    @property
    def most_epochs(self) -> int:
        """The largest number of epochs that a trial of a search may have."""
        epochs = self.space.get("epochs")
        if isinstance(epochs, Range):
            return int(epochs.high)
        return max(map(int, epochs.values)) if epochs else self.recipe.epochs  # type: ignore[arg-type]

    def recipe_of(self, position: int, params: Mapping[str, Any]) -> Recipe:
        """Return the recipe of a trial, by its position and what the queue says of it."""
        if self.space:
            return override(self.recipe, assignments(params))
        return self.plan[position].setting.recipe

    def levels_of(self, position: int, params: Mapping[str, Any]) -> dict[str, str]:
        """Return the level of each factor in a trial, or the value of each searched setting."""
        if self.space:
            return {name: shown_value(value) for name, value in params.items()}
        return self.plan[position].setting.levels

    def open(self, storage: str, identity: RunIdentity) -> Queue:
        """Create the study in its database, or find it again.

        Args:
            storage: address of the database.
            identity: of a run of the recipe, on the photos and with the code of today.

        Raises:
            UsageError: there is another study of this name.
            TrainingError: the database can't be used.
        """
        facts = self._facts(identity)
        direction: Direction = "maximize" if self.goal == "validation_accuracy" else "minimize"
        if not self.space:
            return open_queue(storage, self.name, facts, self._items(), direction)
        pruning = (1, self.most_epochs) if self.pruning and self.most_epochs > 1 else None
        return open_search(
            storage,
            self.name,
            facts,
            self.space,
            self.trials,
            direction,
            seed=self.recipe.seed,
            pruning=pruning,
        )

    def _items(self) -> Sequence[Item]:
        return [
            Item(trial.setting.levels, () if trial.after is None else (trial.after,))
            for trial in self.plan
        ]

    def _facts(self, identity: RunIdentity) -> dict[str, str]:
        settings = {
            name: shown_value(value)
            for name, value in hyperparameters(self.recipe).items()
            if name not in self.names
        }
        return {
            "recipe": self.recipe.name,
            "goal": self.goal,
            "settings": json.dumps(settings),
            "photos": identity.data,
            "code": identity.code,
            "backend": identity.backend,
        }
