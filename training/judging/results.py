"""Which results are known: of the folders of runs, and of a file that is kept beside the page.

The file has the measurements of other machines, whose folders of runs are not here. A measurement
is current if a run of the same recipe, seed and split would have the same settings, photos, code,
pretrained weights and backend today.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from training.console import counted
from training.judging.measurements import (
    Measurement,
    Results,
    evaluated_runs,
    merged,
    read_measurements,
)
from training.overrides import override
from training.recipe import Recipe
from training.runs.identity import code_of


def seeded(recipe: Recipe, seed: int) -> Recipe:
    """Return a recipe with a seed, and where it splits its data, a split with the same number."""
    from training.data.loading import dataset_named  # Listing recipes does without its NumPy.

    splits = "split_seed" in dataset_named(recipe.dataset).reads
    return override(recipe, [f"seed={seed}", *([f"split_seed={seed}"] if splits else [])])


def missing(
    recipe: Recipe,
    seeds: int,
    known: Iterable[Measurement],
    conditions: Callable[[Recipe], Mapping[str, Any]],
) -> list[Recipe]:
    """Return the recipe with each of the seeds from 1 for which no measurement is current.

    Args:
        recipe: which is to be measured.
        seeds: number of seeds.
        known: measurements of any recipes.
        conditions: returns `data`, `weights` and `backend` of a run today, which may take a while:
            it is only called if all else is the same.
    """
    mine = [each for each in known if each.recipe == recipe.name and not each.random_weights]
    todo = []
    for wanted in (seeded(recipe, seed) for seed in range(1, seeds + 1)):
        code = code_of(wanted)
        same = [
            each
            for each in mine
            if each.seeds == (wanted.seed, wanted.split_seed)
            and not each.changes(wanted, code=code)
        ]
        now = conditions(wanted) if same else {}
        if all(each.changes(wanted, **now) for each in same):
            todo.append(wanted)
    return todo


def compared(
    recipe: Recipe, measurements: Iterable[Measurement]
) -> list[tuple[Measurement, list[str]]]:
    """Return the measurements of a recipe, each with what has changed since; nothing if current.

    The photos and pretrained weights of the newest measurement count as those of today.
    """
    mine = sorted((m for m in measurements if m.recipe == recipe.name), key=lambda m: m.began)
    of_split = {(each.model, each.seeds[1]): each for each in mine}
    of_model = {each.model: each for each in mine}
    code = code_of(recipe) if mine else ""
    found = []
    for each in sorted(mine, key=lambda m: (m.model, m.hardware, m.seeds, m.began)):
        newest = of_split[each.model, each.seeds[1]]
        why = each.changes(recipe, code=code, data=newest.data, weights=newest.weights)
        if each.all_photos != of_model[each.model].all_photos and each.data == newest.data:
            why.append("the number of photos has changed")  # In another split's measurement.
        found.append((each, why))
    return found


def superseded(measurements: Iterable[Measurement]) -> list[Measurement]:
    """Return the measurements that have been repeated on the same hardware with other code."""
    newest: dict[object, Measurement] = {}
    found = []
    for each in sorted(measurements, key=lambda each: each.began, reverse=True):
        newer = newest.setdefault((each.recipe, each.model, each.hardware, each.seeds), each)
        if newer.code != each.code:
            found.append(each)
    return found


def known_results(recipes: Iterable[Recipe], runs: Path, page: Path | None = None) -> Results:
    """Return the measurements of the runs below a folder, and those saved beside the page.

    Runs with other settings than their recipes' are kept apart, unless these were the recipe's when
    they were saved.
    """
    listed = {recipe.name: recipe for recipe in recipes}
    saved = read_measurements(page.with_suffix(".json")) if page else Results()
    before = {(each.recipe, each.began) for each in saved.measurements}
    evaluated, others = evaluated_runs(runs)
    measured, other_settings, random_weights = [], [], dict(saved.random_weights)
    new = [each for each in evaluated if (each.recipe, each.began) not in before]
    unlisted = Counter(each.recipe for each in (*saved.measurements, *new))
    for each in evaluated:
        recipe = listed.get(each.recipe)
        if recipe is None:
            continue
        if each.random_weights:
            random_weights[each.recipe] = each.all_photos
        elif (each.recipe, each.began) in before or not each.changes(recipe):
            measured.append(each)
        else:
            other_settings.append(each)
    kept = merged([*saved.measurements, *measured])
    all_runs = {(m.recipe, m.model, m.began, m.seeds) for m in (*saved.measurements, *measured)}
    left_out = [
        f"{counted(count, 'run')} of `{name}`, which is not in the list of recipes"
        for name, count in unlisted.items()
        if name not in listed
    ]
    if older := len(all_runs) - len(kept):
        left_out.append(f"{counted(older, 'run')} replaced by a newer one with the same seed")
    return Results(kept, saved.not_run, random_weights, other_settings, [*others, *left_out])
