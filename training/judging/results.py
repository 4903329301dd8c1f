"""The table of all recipes: what was published, and what was measured here.

Whatever has been measured is kept beside the table, in a JSON file, so that a machine that adds a
row needs no run folders of the others.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean, median, stdev

from training.data.registry import dataset_named
from training.errors import TrainingError
from training.judging.measurements import (
    Measurement,
    measured_in,
    merged,
    read_measurements,
    write_measurements,
)
from training.overrides import override
from training.recipe import ANY_PHOTOS, Recipe

FEWEST = 3
"""Runs of a recipe that a row needs."""

_HEAD = (
    "# Results\n\n"
    "What each recipe was published with, and what it gives here. Written by"
    " `python -m training results`, not by hand: from the folders of runs, and from `results.json`"
    " beside this page, which keeps what was measured.\n\n"
    "Test accuracy is the mean over the runs ± their standard deviation, with the number of test"
    " photos; training accuracy likewise is that of the last epoch, as Keras counts it while"
    " fitting. Seconds are the median of"
    " the time from loaded data to trained weights, on a machine that may have been doing other"
    " things too. Runs differ in their seed, and where the data"
    " set has no test split of its own, in the split too.\n"
)


def seeded(recipe: Recipe, seed: int) -> Recipe:
    """Return a recipe with a seed, and a split of the same number where it splits its data."""
    splits = "split_seed" in dataset_named(recipe.dataset).reads
    return override(recipe, [f"seed={seed}", *([f"split_seed={seed}"] if splits else [])])


def missing(recipe: Recipe, seeds: int, known: Iterable[Measurement]) -> list[Recipe]:
    """Return the recipe with each seed, from 1, with which it has not been run as it is now."""
    wanted = [seeded(recipe, seed) for seed in range(1, seeds + 1)]
    done = {each.seed for each in known if each.is_of(recipe)}
    return [each for each in wanted if (each.seed, each.split_seed) not in done]


@dataclass(frozen=True)
class Known:
    """All that the table is made from.

    Attributes:
        measurements: of each run.
        reasons: by recipe, why it could not be run.
    """

    measurements: Sequence[Measurement]
    reasons: dict[str, str]


def known_results(recipes: Iterable[Recipe], runs: Path, page: Path) -> Known:
    """Return what has been measured: by the runs below a folder, and what is kept of earlier ones.

    Args:
        recipes: runs of other ones, and those with other numbers, are passed over.
        runs: the folder.
        page: what is kept lies beside it.

    Raises:
        TrainingError: a file is damaged.
    """
    chosen = list(recipes)
    earlier, reasons = read_measurements(_beside(page))
    found = (each for each in measured_in(runs) if any(map(each.is_of, chosen)))
    return Known(merged([*earlier, *found]), reasons)


def write_results(recipes: Iterable[Recipe], known: Known, page: Path) -> None:
    """Write the table, and what it is made from beside it.

    Args:
        recipes: all there are.
        known: of `known_results`.
        page: a Markdown file.

    Raises:
        TrainingError: the file system refused.
    """
    text = render(recipes, known)
    try:
        page.parent.mkdir(parents=True, exist_ok=True)
        page.write_text(text, "utf-8")
    except OSError as error:
        raise TrainingError(f"cannot write {page} ({error.strerror or error})") from error
    write_measurements(known.measurements, known.reasons, _beside(page))


def render(recipes: Iterable[Recipe], known: Known) -> str:
    """Return the page: rows for what has been measured, and a list of what has not, and why."""
    rows, absent, runs = [], [], []
    for recipe in recipes:
        mine = [each for each in known.measurements if each.is_of(recipe)]
        for group in _groups(mine):
            rows.append(_row(recipe, group))
            runs += [_run(each) for each in group]
        if not mine:
            stale = any(each.recipe == recipe.name for each in known.measurements)
            reason = "changed since it was measured" if stale else "not yet run here"
            absent.append(_absent(recipe, known.reasons.get(recipe.name, reason)))
    parts = [_HEAD]
    if rows:
        parts.append(_table(_MEASURED, rows))
    if absent:
        parts.append("## Not run here\n\n" + _table(_ABSENT, absent))
    if runs:
        parts.append("## Each run\n\n" + _table(_RUNS, runs))
    return "\n".join(parts)


_MEASURED = (
    "recipe",
    "published",
    "test accuracy",
    "training accuracy",
    "seconds",
    "runs",
    "hardware",
    "command",
)
_ABSENT = ("recipe", "published", "expected", "why not")
_RUNS = ("recipe", "seed", "split", "test accuracy", "training accuracy", "seconds", "began")


def _groups(measurements: Iterable[Measurement]) -> list[list[Measurement]]:
    """Return the runs that share a row: of one model, on one hardware, with as many photos."""
    groups: dict[tuple[str, str, int], list[Measurement]] = {}
    for each in measurements:
        groups.setdefault((each.model, each.hardware, each.photos), []).append(each)
    return list(groups.values())


def _row(recipe: Recipe, group: Sequence[Measurement]) -> list[str]:
    trained = [each.training_accuracy for each in group if each.training_accuracy is not None]
    few = "" if len(group) >= FEWEST else f" (fewer than {FEWEST})"
    command = f"results --recipes {recipe.name}"
    if recipe.dataset == ANY_PHOTOS:
        command = f"run {recipe.name} --name {group[0].model} --data FOLDER --set split_seed=1"
    return [
        _name(group[0]),
        recipe.reference_result or "–",
        f"{_spread([each.accuracy for each in group])} of {group[0].photos:,}",
        _spread(trained) if trained else "–",
        f"{median(each.seconds for each in group):,.0f}",
        f"{len(group)}{few}",
        group[0].hardware,
        f"`python -m training {command}`",
    ]


def _name(measured: Measurement) -> str:
    """Return a recipe's name, with the model's where a recipe trains any."""
    named = "" if measured.recipe.startswith(measured.model) else f" ({measured.model})"
    return f"`{measured.recipe}`{named}"


def _absent(recipe: Recipe, reason: str) -> list[str]:
    return [f"`{recipe.name}`", recipe.reference_result or "–", recipe.expected, reason]


def _run(measured: Measurement) -> list[str]:
    seed, split = measured.seed
    trained = measured.training_accuracy
    return [
        _name(measured),
        str(seed),
        str(split),
        f"{measured.accuracy:.2%}",
        "–" if trained is None else f"{trained:.2%}",
        f"{measured.seconds:,.0f}",
        measured.began[:16].replace("T", " "),
    ]


def _spread(values: Sequence[float]) -> str:
    """Write a mean and a standard deviation, in percent."""
    if len(values) < 2:
        return f"{100 * values[0]:.2f}%"
    return f"{100 * mean(values):.2f} ± {100 * stdev(values):.2f}%"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(cell.replace('|', '/') for cell in line)} |\n" for line in lines)


def _beside(page: Path) -> Path:
    return page.with_suffix(".json")
