"""A run of a recipe, from data to an evaluated network. Steps that are done are not repeated."""

from pathlib import Path
from typing import NamedTuple

from rich.console import Console

from training.backends import backend_name
from training.console import say
from training.pipeline.finalize import Evaluated, evaluated_before, finalize
from training.pipeline.fit_run import trained_network
from training.pipeline.last_lines import publish_command, summary, write_run_report
from training.pipeline.opened_run import begin, opened_run
from training.pipeline.run_options import Paths, RunOptions
from training.publishing.model_folder import check_writable, version_of_run
from training.recipe import Recipe
from training.runs.folders import TRAINED, Run


class Ended(NamedTuple):
    """A run that has ended: its folder, and that of the version it is published as, if it is."""

    run: Path
    version: Path | None


def run_recipe(recipe: Recipe, paths: Paths, options: RunOptions, console: Console) -> Ended:
    """Train a recipe and evaluate it on the test split, or resume such a run; publish it if asked.

    Raises:
        TrainingError: a step failed, or the gate refused (`Refused`). Completed steps are kept.
    """
    base = paths.models / recipe.model
    if options.policy:
        check_writable(base)
    with opened_run(recipe, paths, options, console) as opened:
        run, data = opened.run, opened.data
        version = _version_of(run, base, options)
        if version:
            say(console, f"{run.folder} is finished, published as {version}; --fresh begins again")
            return Ended(run.folder, version)
        begin(opened, recipe, paths, options, console)
        evaluated = evaluated_before(recipe, data, paths.data, run)
        if evaluated:
            say(console, f"{run.folder} is trained and evaluated; --fresh begins again")
        else:
            network, data = trained_network(opened, recipe, options, console)
            evaluated = finalize(network, recipe, data, paths.data, run, console)
        if options.after_evaluation:
            options.after_evaluation(evaluated)
        command = publish_command(run.folder, paths.models, options.policy)
        if not options.policy:
            _show_end(run, evaluated, command, console)
            return Ended(run.folder, None)
        from training.pipeline.publish_run import publish_evaluated  # Imports TensorFlow.

        version = publish_evaluated(evaluated, run, base, options.policy, command, console)
        return Ended(run.folder, version)


def fit_recipe(recipe: Recipe, paths: Paths, options: RunOptions, console: Console) -> Path:
    """Only fit the network of a recipe, or resume such a run: no test photo is looked at.

    `run_recipe` with the same arguments evaluates the run later.

    Returns:
        The folder of the run.

    Raises:
        TrainingError: a step failed. Completed steps are kept.
    """
    with opened_run(recipe, paths, options, console) as opened:
        if not (opened.run.folder / TRAINED).exists():
            begin(opened, recipe, paths, options, console)
            trained_network(opened, recipe, options, console)
        return opened.run.folder


def _version_of(run: Run, base: Path, options: RunOptions) -> Path | None:
    """Return the version that a run has published; None if there is none, or not any more."""
    facts = run.facts()
    if options.policy:
        return version_of_run(base, facts["id"])
    version = Path(facts["version"]) if facts["status"] == "published" else None
    return version if version and version.is_dir() else None


def _show_end(run: Run, evaluated: Evaluated, command: str, console: Console) -> None:
    write_run_report(run.folder, console)
    say(console, summary(evaluated.card))
    where = "" if backend_name() == "tensorflow" else ", where TensorFlow is installed"
    say(console, f"to publish it{where}: {command}")
