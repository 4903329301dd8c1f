"""What runs have measured: read from their folders, saved in a file, merged."""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from training.errors import TrainingError
from training.json_files import write_json
from training.metrics import EVALUATION
from training.model_cards import CARD, read_run_card
from training.overrides import hyperparameters, renamed
from training.recipe import Recipe
from training.runs.history import read_history

_VARIED = ("seed", "split_seed")  # Runs of a recipe differ in these.


@dataclass(frozen=True)
class Measurement:
    """One run.

    Attributes:
        recipe: name of the recipe.
        model: name of the model.
        parameters: hyperparameters of the recipe by name, seed and split seed included.
        accuracy: on the test split.
        training_accuracy: in the last epoch, a mean over its steps; None if unknown.
        photos: number of photos in the test split.
        seconds: time of fitting.
        hardware: for people.
        data: SHA-256 of the data set.
        began: time in ISO 8601.
    """

    recipe: str
    model: str
    parameters: dict[str, Any]
    accuracy: float
    training_accuracy: float | None
    photos: int
    seconds: float
    hardware: str
    data: str
    began: str

    @property
    def seed(self) -> tuple[int, int]:
        """Seed and split seed."""
        return self.parameters["seed"], self.parameters.get("split_seed", 1)

    def is_of(self, recipe: Recipe) -> bool:
        """Whether the run had the hyperparameters of the recipe, except for the two seeds.

        Hyperparameters that the recipe did not have at the time are ignored.
        """
        now = json.loads(json.dumps(hyperparameters(recipe)))
        same = (name for name in self.parameters if name in now and name not in _VARIED)
        return self.recipe == recipe.name and all(self.parameters[n] == now[n] for n in same)


def measured_in(runs: Path) -> list[Measurement]:
    """Return the measurements of the runs below a folder, except those not evaluated yet."""
    folders = [path.parent for path in sorted(runs.rglob(EVALUATION))]
    return [_measurement(folder) for folder in folders if (folder / CARD).exists()]


def read_measurements(path: Path) -> tuple[list[Measurement], dict[str, str]]:
    """Return what `write_measurements` has written; nothing if there is no file."""
    if not path.exists():
        return [], {}
    try:
        kept = json.loads(path.read_text("utf-8"))
        runs = [{**each, "parameters": renamed(each["parameters"])} for each in kept["runs"]]
        return [Measurement(**each) for each in runs], dict(kept["not_run"])
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise TrainingError(f"{path} is not a file of measurements ({error}): remove it") from error


def write_measurements(
    measurements: Iterable[Measurement], reasons: dict[str, str], path: Path
) -> None:
    """Save measurements in a file, and for each recipe that could not be run the reason."""
    runs = [asdict(each) for each in measurements]
    write_json(path, {"runs": runs, "not_run": dict(sorted(reasons.items()))})


def merged(measurements: Iterable[Measurement]) -> list[Measurement]:
    """Return the newest measurement of each recipe, model, hardware, test split and seed."""
    newest: dict[tuple[Any, ...], Measurement] = {}
    for each in sorted(measurements, key=lambda each: each.began):
        newest[each.recipe, each.model, each.hardware, each.photos, each.seed] = each
    return [newest[key] for key in sorted(newest)]


def _measurement(folder: Path) -> Measurement:
    card = read_run_card(folder)
    history = read_history(folder)
    try:
        hardware = card["trained"]["hardware"]
        device, processor = hardware["device"], "{cores} cores of {processor}".format(**hardware)
        return Measurement(
            recipe=card["recipe"],
            model=card["name"],
            parameters=renamed(card["parameters"]),
            accuracy=card["metrics"]["test"]["accuracy"],
            training_accuracy=history[-1].get("accuracy") if history else None,
            photos=card["metrics"]["test"]["photos"],
            seconds=card["trained"]["seconds"],
            hardware=processor if device == "CPU" else f"{device}; {processor}",
            data=card["data"]["sha256"],
            began=card["trained"]["began"],
        )
    except (KeyError, TypeError) as error:
        raise TrainingError(f"{folder / CARD} is not the card of a run (no {error})") from error
