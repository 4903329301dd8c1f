"""What a call of `sweep` asks for, checked before anything is trained."""

from collections.abc import Mapping, Sequence
from typing import Any

from training.errors import UsageError
from training.experiments.factors import Factor, setting
from training.experiments.studies import study_named
from training.experiments.studies.study import Study
from training.experiments.sweeps.asked import asked_sweep
from training.experiments.sweeps.sweep import Sweep
from training.overrides import shown_value
from training.python_api.chosen_recipe import AnyRecipe, Photos, chosen_recipe
from training.recipe import Recipe


def checked_sweep(
    recipe: AnyRecipe,
    photos: Photos,
    settings: Mapping[str, Any] | None,
    seed: int | None,
    grid: Mapping[str, Sequence[Any]],
    search: Mapping[str, str | Sequence[Any]],
    **asked: Any,
) -> tuple[Sweep, list[str]]:
    """Return the sweep, and a line for each level of a study that is left out.

    The arguments are those of `training.sweep`, and `asked` of `asked_sweep`.

    Raises:
        UsageError: an unknown recipe, study or setting, or a wrong value.
    """
    if grid and search:
        raise UsageError("a sweep has a grid or a search: give one of them")
    study = None if grid or search else _study(recipe)
    chosen = chosen_recipe(study.recipe if study else recipe, photos, settings, seed)
    factors = [_factor(name, values) for name, values in grid.items()]
    ranges = [f"{name}={_range(name, values)}" for name, values in search.items()]
    return asked_sweep(chosen, study, factors, ranges, data=photos.folder, **asked)


def _study(recipe: AnyRecipe) -> Study:
    if isinstance(recipe, Recipe):
        raise UsageError("a sweep needs a grid or a search, or the name of a ready-made study")
    try:
        return study_named(str(recipe))
    except UsageError as error:
        raise UsageError(
            f"without a grid or a search, the name is that of a study: {error}"
        ) from error


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
