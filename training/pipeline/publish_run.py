"""Publishing a run that was trained in another process, perhaps elsewhere without TensorFlow."""

from pathlib import Path

from rich.console import Console

from training.console import say
from training.data.loading import load
from training.errors import TrainingError
from training.overrides import restored
from training.pipeline.finalize import finalize
from training.publishing.gate_policy import GatePolicy
from training.publishing.model_folder import check_writable, version_of_run
from training.recipes import recipe_of_run
from training.runs.folders import existing_run
from training.runs.trained_network import TRAINED, load_trained_network


def publish_run(
    folder: Path,
    data_folder: Path | None,
    models: Path,
    policy: GatePolicy,
    console: Console,
    recipe_name: str | None = None,
) -> Path | None:
    """Evaluate the trained network of a run again, and publish it; see `finalize`.

    Args:
        folder: the run's folder; may be a copy from another machine.
        data_folder: where data sets are looked for.
        models: published into its sub-folder with the model's name.
        policy: how strict the publishing gate is.
        console: shows the outcome.
        recipe_name: of the recipe, or the path of its file; None: the one noted by the run.

    Raises:
        TrainingError: it is not a run that has trained, the data set differs, or a step failed.
    """
    with existing_run(folder) as run:
        facts = run.facts()
        base = models / facts["model"]
        check_writable(base)
        version = version_of_run(base, facts["id"])
        if version:
            say(console, f"{folder} is finished, published as {version}")
            return version
        # First: a network of the recipe's own file may have layers that are defined there.
        recipe = restored(recipe_of_run(facts, recipe_name), facts)
        network = load_trained_network(folder)
        if network is None:
            raise TrainingError(f"{folder} has no {TRAINED} yet: run its recipe first")
        data = load(recipe, data_folder, console)
        if data.digest != facts["data"]:
            raise TrainingError(
                f"{folder} was trained on different data than the {data.name} found here"
            )
        return finalize(network, recipe, data, data_folder, run, base, policy, console)
