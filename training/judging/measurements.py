"""What runs have measured: read from their folders, kept in a file, merged."""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from training.errors import TrainingError
from training.overrides import hyperparameters, renamed
from training.recipe import Recipe
from training.runs.files import CARD, EVALUATION, read_card, read_history, write_json

_VARIED = ("seed", "split_seed")  # What runs of one recipe differ in.


@dataclass(frozen=True)
class Measurement:
    """One run.

    Attributes:
        recipe: its name.
        model: what it published.
        parameters: hyperparameters by their names, seed and split seed among them.
        accuracy: on the test split.
        training_accuracy: in the last epoch, a mean over its steps; None if unknown.
        photos: of the test split.
        seconds: of fitting.
        hardware: in words.
        data: sha256 of the data set.
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
        """Whether the run had the hyperparameters of the recipe, but for seed and split seed.

        Those that the recipe did not have when it ran are ignored.
        """
        now = json.loads(json.dumps(hyperparameters(recipe)))
        same = (name for name in self.parameters if name in now and name not in _VARIED)
        return self.recipe == recipe.name and all(self.parameters[n] == now[n] for n in same)


def measured_in(runs: Path) -> list[Measurement]:
    """Return what the runs below a folder have measured, those not yet judged left out.

    Raises:
        TrainingError: a file of a run is damaged.
    """
    folders = [path.parent for path in sorted(runs.rglob(EVALUATION))]
    return [_measurement(folder) for folder in folders if (folder / CARD).exists()]


def read_measurements(path: Path) -> tuple[list[Measurement], dict[str, str]]:
    """Return what `write_measurements` wrote; nothing if there is no file.

    Raises:
        TrainingError: the file is damaged.
    """
    if not path.exists():
        return [], {}
    try:
        kept = json.loads(path.read_text("utf-8"))
        runs = [{**each, "parameters": renamed(each["parameters"])} for each in kept["runs"]]
        return [Measurement(**each) for each in runs], dict(kept["not_run"])
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise TrainingError(f"{path} is no file of measurements ({error}): remove it") from error


def write_measurements(
    measurements: Iterable[Measurement], reasons: dict[str, str], path: Path
) -> None:
    """Keep measurements in a file, and by recipe, why others could not be made.

    Raises:
        TrainingError: the file system refused.
    """
    runs = [asdict(each) for each in measurements]
    write_json(path, {"runs": runs, "not_run": dict(sorted(reasons.items()))})


def merged(measurements: Iterable[Measurement]) -> list[Measurement]:
    """Return the newest of each recipe, model, hardware, number of photos, seed and split."""
    newest: dict[tuple[Any, ...], Measurement] = {}
    for each in sorted(measurements, key=lambda each: each.began):
        newest[each.recipe, each.model, each.hardware, each.photos, each.seed] = each
    return [newest[key] for key in sorted(newest)]


def _measurement(folder: Path) -> Measurement:
    card = read_card(folder)
    history = read_history(folder)
    try:
        hardware = card["trained"]["hardware"]
        return Measurement(
            recipe=card["recipe"],
            model=card["name"],
            parameters=renamed(card["parameters"]),
            accuracy=card["metrics"]["test"]["accuracy"],
            training_accuracy=history[-1].get("accuracy") if history else None,
            photos=card["metrics"]["test"]["photos"],
            seconds=card["trained"]["seconds"],
            hardware=_hardware(hardware),
            data=card["data"]["sha256"],
            began=card["trained"]["began"],
        )
    except (KeyError, TypeError) as error:
        raise TrainingError(f"{folder / CARD} is no card of a run (no {error})") from error


def _hardware(hardware: dict[str, Any]) -> str:
    processor = f"{hardware['cores']} cores of {hardware['processor']}"
    device = hardware["device"]
    return processor if device == "CPU" else f"{device}; {processor}"
