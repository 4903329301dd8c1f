"""What a call of `sweep` asks for, checked before anything is trained."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from training.errors import UsageError
from training.experiments.factors import Design, Factor, Goal, setting
from training.experiments.studies import study_named
from training.experiments.studies.at_hand import levels_at_hand
from training.experiments.studies.study import Study
from training.experiments.sweeps.search import read_space
from training.experiments.sweeps.sweep import Sweep
from training.overrides import shown_value
from training.python_api.chosen_recipe import AnyRecipe, Photos, chosen_recipe
from training.recipe import ANY_PHOTOS, Recipe

Grid = Mapping[str, Sequence[Any]]
Space = Mapping[str, str | Sequence[Any]]

_GOALS: dict[str, Goal] = {"accuracy": "validation_accuracy", "loss": "validation_loss"}
_LONGEST = 80  # Characters of the name of a study, as on the command line.


@dataclass(frozen=True)
class Asked:
    """What varies in a sweep, and how.

    Attributes:
        grid: the values of each setting.
        search: what settings are drawn from.
        one_at_a_time: whether each setting varies alone.
        trials: of a search.
        pruning: of a search.
        goal: what the best setting is best in; None: the study's, or the accuracy.
    """

    grid: Grid
    search: Space
    one_at_a_time: bool
    trials: int
    pruning: bool
    goal: Literal["accuracy", "loss"] | None

    def sweep_of(
        self,
        recipe: AnyRecipe,
        photos: Photos,
        settings: Mapping[str, Any] | None,
        seed: int | None,
        name: str | None,
    ) -> tuple[Sweep, list[str]]:
        """Return the sweep, and a line for each level of a study that is left out.

        Raises:
            UsageError: an unknown recipe, study or setting, or a wrong value.
        """
        if self.grid and self.search:
            raise UsageError("a sweep has a grid or a search: give one of them")
        study = None
        if not (self.grid or self.search):
            study = _study(recipe)
            recipe = study.recipe
        chosen = chosen_recipe(recipe, photos, settings, seed)
        factors, notes = self._factors(chosen, study, photos)
        sweep = Sweep(
            name or _name(chosen, study, [*self.grid, *self.search]),
            chosen,
            factors,
            self._design(study),
            read_space(
                chosen, [f"{of}={_range(of, values)}" for of, values in self.search.items()]
            ),
            self.trials if self.search else 0,
            self.pruning,
            study.goal if study and not self.goal else _GOALS[self.goal or "accuracy"],
        )
        len(sweep.plan)  # Checks the settings of all trials.
        return sweep, notes

    def _factors(
        self, recipe: Recipe, study: Study | None, photos: Photos
    ) -> tuple[tuple[Factor, ...], list[str]]:
        if study is None:
            return tuple(_factor(name, values) for name, values in self.grid.items()), []
        factors, notes = levels_at_hand(recipe, study.factors, photos.folder)
        return tuple(factors), notes

    def _design(self, study: Study | None) -> Design:
        if study is None:
            return "one-at-a-time" if self.one_at_a_time else "grid"
        return study.design


def _study(recipe: AnyRecipe) -> Study:
    if isinstance(recipe, Recipe):
        raise UsageError("a sweep needs a grid or a search, or the name of a ready-made study")
    try:
        return study_named(str(recipe))
    except UsageError as error:
        raise UsageError(
            f"without a grid or a search, the name is that of a study: {error}"
        ) from error


def _name(recipe: Recipe, study: Study | None, varied: Sequence[str]) -> str:
    """Return the name of a study as the command makes it, so that both find the same one."""
    name = study.name if study else "-".join([recipe.name, *varied])
    return (f"{recipe.model}-{name}" if recipe.dataset == ANY_PHOTOS else name)[:_LONGEST]


def _factor(name: str, values: Sequence[Any]) -> Factor:
    listed = _several(name, values)
    if len(set(map(str, listed))) < len(listed):
        raise UsageError(f"grid {name}: a value is named twice")
    return setting(name, *listed)


def _range(name: str, values: str | Sequence[Any]) -> str:
    if isinstance(values, str):
        return values
    return ";".join(map(shown_value, _several(name, values)))


def _several(name: str, values: Sequence[Any]) -> Sequence[Any]:
    if isinstance(values, str | bytes) or not isinstance(values, Sequence) or not values:
        raise UsageError(f"{name} needs a list of values, such as [5, 10], not {values!r}")
    return values
