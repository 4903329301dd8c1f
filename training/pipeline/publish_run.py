"""Publishing what another process has trained, maybe elsewhere and without TensorFlow."""

from pathlib import Path

from rich.console import Console

from training.data.loading import load
from training.errors import TrainingError
from training.overrides import restored
from training.pipeline.finishing import finish, say
from training.publishing.model_folder import check_folder, version_of_run
from training.publishing.policy import Policy
from training.recipes import recipe_of_run
from training.runs.folders import opened
from training.runs.trained import TRAINED, read_trained


def export_run(
    folder: Path,
    data_folder: Path | None,
    models: Path,
    policy: Policy,
    console: Console,
    recipe_name: str | None = None,
) -> Path | None:
    """Publish what a run has trained.

    Args:
        folder: of the run; may have been copied from another machine.
        data_folder: where data sets are looked for: the test photos judge what is published.
        models: published into its sub-folder named as the model.
        policy: how strict the publishing gate is.
        console: where the outcome is said.
        recipe_name: of the recipe, or the path of its file; None: as the run has noted it.

    Returns:
        The folder of the published version; None where the backend writes no SavedModel.

    Raises:
        Refused: by the gate.
        TrainingError: it is no run that has trained, the data is another, or one of the steps
            failed.
    """
    with opened(folder) as run:
        facts = run.facts()
        base = models / facts["model"]
        check_folder(base)
        version = version_of_run(base, facts["id"])
        if version:
            say(console, f"{folder} is finished, published as {version}")
            return version
        # First: a network of the recipe's own file may have layers that are defined there.
        recipe = restored(recipe_of_run(facts, recipe_name), facts["model"], facts["parameters"])
        network = read_trained(folder)
        if network is None:
            raise TrainingError(f"{folder} has no {TRAINED} yet: its recipe has to be run first")
        data = load(recipe, data_folder, console)
        if data.digest != facts["data"]:
            raise TrainingError(
                f"{folder} was trained on other data than what is found here as {data.name}"
            )
        return finish(network, recipe, data, data_folder, run, base, policy, console)
