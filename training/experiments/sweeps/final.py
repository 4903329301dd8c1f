"""The end of a sweep: the chosen setting is trained with several seeds and evaluated.

Only here are test photos looked at, of this one setting.
"""

from collections.abc import Sequence
from dataclasses import replace

import pandas as pd
from rich.console import Console

from training.console import say
from training.errors import TrainingError
from training.experiments.queue import Item, Queue, open_queue
from training.experiments.sweeps.results import Chosen
from training.experiments.sweeps.sweep import Sweep
from training.experiments.sweeps.trial import Trainer
from training.recipe import Recipe


def final_recipes(sweep: Sweep, chosen: Chosen, seeds: int) -> list[Recipe]:
    """Return the recipe with the chosen setting and each seed, beginning with that of the trials.

    The split of the photos stays: with another one, photos that the setting was chosen by, or
    trained on, would be test photos.
    """
    recipe = sweep.recipe_of(chosen.position, chosen.params)
    others = (replace(recipe, seed=number) for number in range(1, seeds + 1))
    return [recipe, *(other for other in others if other.seed != recipe.seed)][:seeds]


def open_final(sweep: Sweep, recipes: Sequence[Recipe], storage: str, chosen: Chosen) -> Queue:
    """Open the queue of the final runs, which is a study of its own.

    A search that goes on with more trials may choose another one: then it has other final runs.
    """
    items = [Item({"seed": recipe.seed}) for recipe in recipes]
    trial, key = chosen.position + 1, str(chosen.figures["key"])
    name = f"{sweep.name}, trial {trial} ({key}) with {len(recipes)} seeds"
    return open_queue(storage, name, {"trial": str(trial), "key": key}, items, "maximize")


def evaluate_final(
    queue: Queue, recipes: Sequence[Recipe], trainer: Trainer, console: Console
) -> pd.DataFrame:
    """Train and evaluate the chosen setting with each seed, and return a row for each.

    Columns: `seed`, `validation_accuracy`, `test_accuracy` with `test_low` and `test_high` (95%
    interval; all 0 to 1), `seconds` of fitting, `run` (name of its folder). A seed with which it
    has failed has no row, but a line on the console.

    Raises:
        TrainingError: it has failed with all seeds; or in a way that is not about one of them, and
            the same command goes on.
    """
    while claim := queue.claim():
        try:
            with claim as final:
                found = trainer.evaluate(recipes[final.position], console)
                final.finish(found["test_accuracy"], **found)
        except TrainingError:
            if queue.results()[claim.position].state != "failed":
                raise
    results = queue.results()
    failed = [
        f"seed {recipes[result.position].seed} failed: {result.reason}"
        for result in results
        if result.state == "failed"
    ]
    if len(failed) == len(results):
        raise TrainingError(f"the best setting can't be evaluated: {'; '.join(failed)}")
    for line in failed:
        say(console, line)
    return pd.DataFrame([result.facts for result in results if result.state == "done"])
