"""What a run can start from (`--from`): a run that has ended, or a published version.

No framework is imported here: what can't be started from is refused within a moment.
"""

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from training.errors import TrainingError
from training.model_cards import CARD, VERSION_CARD, read_card
from training.overrides import restored
from training.publishing.model_folder import find_version, model_names
from training.recipe import Recipe
from training.recipes import recipe_of_run
from training.runs.folders import RUN, TRAINED, read_run, worked_on_by
from training.runs.references import find_run, run_folders

_SAVED_MODEL = "saved_model.pb"
_INPUT = ("dataset", "input_shape", "preparation")


@dataclass(frozen=True)
class Source:
    """A run, or a published version.

    Attributes:
        reference: names it on the command line, where the folders of runs and, unless it is a path,
            of models are the same.
        name: `<recipe>/<folder>` of a run, `<model>/<version>`.
        folder: of the run or version.
        facts: of the run: its `run.json`; of a version: what its card says of the same.
        is_version: whether it is a version.
    """

    reference: str
    name: str
    folder: Path
    facts: Mapping[str, Any]
    is_version: bool

    @property
    def epochs(self) -> int:
        """The number of epochs that it was fitted for."""
        return int(self._epochs.get("fitted") or self.facts["parameters"]["epochs"])

    @property
    def best_epoch(self) -> int:
        """The epoch that its weights are of: the last one, or the one that early stopping chose."""
        return int(self._epochs.get("best") or self.epochs)

    @property
    def _epochs(self) -> dict[str, int]:
        return dict(self.facts["trained"].get("epochs", {}))

    def card(self) -> dict[str, Any]:
        """Return the model card; empty for a run that is not evaluated yet."""
        path = self.folder / (VERSION_CARD if self.is_version else CARD)
        return read_card(path) if path.is_file() else {}

    def recipe(self) -> Recipe:
        """Return the recipe with the settings and the name of the model that it was trained with.

        Raises:
            UsageError: there is no such recipe any more, or it does not have these settings.
        """
        recipe = recipe_of_run(dict(self.facts))
        own_photos = self.facts.get("own_photos")
        return restored(recipe, self.facts["model"], self.facts["parameters"], own_photos)


def find_source(reference: str, runs: Path, models: Path) -> Source:
    """Return what a reference names.

    Args:
        reference: a run as `find_run` takes it; or `NAME/VERSION`, `NAME` for the newest version,
            or the folder of a version.
        runs: folder of the runs.
        models: folder of the models.

    Raises:
        TrainingError: there is no such run or version, or it has not been trained to its end.
    """
    for folder in (Path(reference), runs / reference):
        if (folder / RUN).is_file():
            return _run(runs, folder)
    if (Path(reference) / _SAVED_MODEL).is_file():
        return _version(models, Path(reference))
    numbered = re.fullmatch(r"[\w.-]+/\d+", reference)
    if numbered or reference in model_names(models):
        return _version(models, find_version(models, reference))
    return _run(runs, find_run(runs, reference))


def run_of_version(version: Source, runs: Path) -> Source | None:
    """Return the run that published a version, if it is among the runs with its trained network."""
    wanted = version.facts["trained"].get("run")
    for folder in run_folders(runs):
        facts = {}
        with suppress(TrainingError):  # Another run may be damaged.
            facts = read_run(folder)
        if wanted and facts.get("id") == wanted and (folder / TRAINED).is_file():
            return _run(runs, folder)
    return None


def _run(runs: Path, folder: Path) -> Source:
    name, facts = _name(folder), read_run(folder)
    if process := worked_on_by(folder):
        raise TrainingError(f"{name} is still going ({process}): wait for it")
    if not (folder / TRAINED).is_file():
        if facts["status"] == "failed":
            raise TrainingError(f"{name} has failed ({facts.get('reason', 'for unknown reasons')})")
        raise TrainingError(f"{name} was interrupted: resume it with its own command first")
    return Source(_reference(runs, folder), name, folder, facts, is_version=False)


def _version(models: Path, folder: Path) -> Source:
    card = read_card(folder / VERSION_CARD)
    try:
        facts = {
            "recipe": card["recipe"],
            "model": card["name"],
            "parameters": card["parameters"],
            "trained": card["trained"],
            **{name: card[name] for name in _INPUT if name in card},
        }
    except KeyError as error:
        raise TrainingError(f"{folder} was not made by a recipe: its card has no {error}") from None
    usual = models == Path("models")
    reference = _reference(models, folder) if usual else str(folder.absolute())
    return Source(reference, _name(folder), folder, facts, is_version=True)


def _name(folder: Path) -> str:
    return "/".join(folder.absolute().parts[-2:])


def _reference(base: Path, folder: Path) -> str:
    base, folder = base.absolute(), folder.absolute()
    return str(folder.relative_to(base) if folder.is_relative_to(base) else folder)
