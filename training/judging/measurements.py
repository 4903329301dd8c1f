"""What runs have measured: read from their folders, saved, merged, compared with today."""

import json
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from training.errors import TrainingError, UsageError
from training.json_files import write_json
from training.metrics import EVALUATION
from training.model_cards import CARD, read_run_card, total_seconds
from training.overrides import (
    changed_settings,
    hyperparameters,
    on_own_photos,
    renamed,
    shown_value,
    with_defaults,
)
from training.recipe import ANY_PHOTOS, Recipe
from training.runs.folders import RUN, read_run
from training.runs.history import read_history
from training.runs.identity import changes
from training.runs.references import run_name
from training.runs.summary import summary

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
        hardware: for people; names the backend if that is not TensorFlow.
        data: SHA-256 of the data set.
        began: time in ISO 8601.
        validation_accuracy: None without validation photos, or if it was not recorded.
        validation_photos: number of photos in the validation split, or 0.
        all_photos: number of photos in all splits; 0 if it was not recorded.
        code: digest of the code (`training.runs.identity.code_of`); empty if not recorded.
        weights: digest of the pretrained weights; empty without them.
        backend: of Keras; empty if not recorded.
        input_shape: height, width and channels of the input; empty if not recorded.
        preparation: from photo to pixels; likewise.
        total_seconds: of the whole, with loading, calibration and evaluation; None if it was not
            recorded.
        started_from: the run or version whose weights it started from; empty for a run of its own.
        dataset: name of the data set; empty if not recorded.
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
    validation_accuracy: float | None = None
    validation_photos: int = 0
    all_photos: int = 0
    code: str = ""
    weights: str = ""
    backend: str = ""
    input_shape: list[int] = field(default_factory=list)
    preparation: str = ""
    total_seconds: float | None = None
    started_from: str = ""
    dataset: str = ""

    @property
    def seeds(self) -> tuple[int, int]:
        """Seed and split seed."""
        return self.parameters["seed"], self.parameters.get("split_seed", 1)

    @property
    def random_weights(self) -> bool:
        """Whether its backbone had random weights: it shows that a recipe runs, and no more."""
        return self.parameters.get("network.weights") == "random"

    def other_settings(self, recipe: Recipe) -> str:
        """Return its settings that are not the recipe's own, apart from the two seeds."""
        photos = []
        mine = self.dataset, self.input_shape, self.preparation
        usual = recipe.dataset, [*recipe.shape], recipe.preparation
        if self.dataset == ANY_PHOTOS and mine != usual:
            height, width, channels = self.input_shape
            photos = [f"--photos, {height}×{width}×{channels}, {self.preparation}"]
            with suppress(UsageError):  # Its network may have changed since.
                recipe = on_own_photos(recipe, (height, width, channels), self.preparation)
        settings = changed_settings(with_defaults(self.parameters, recipe), recipe)
        shown = [f"{n}={shown_value(v)}" for n, v in settings.items() if n not in _VARIED]
        return ", ".join([*photos, *shown, *self._start()])

    def changes(self, recipe: Recipe, **now: Any) -> list[str]:
        """Say what differs from a run of the recipe today, apart from the two seeds.

        Args:
            recipe: of the same name, as it is now.
            now: what to compare besides the settings: `code`, `data`, `weights`, `backend`.

        Returns:
            Phrases such as `epochs 5, now 6`.
        """
        seeds = {name: self.parameters[name] for name in _VARIED if name in self.parameters}
        if self.input_shape:
            now = {"input_shape": recipe.shape, "preparation": recipe.preparation, **now}
        if self.dataset:
            now = {"dataset": recipe.dataset, **now}
        then = {"parameters": self.parameters, **{name: getattr(self, name) for name in now}}
        now = {"parameters": {**hyperparameters(recipe), **seeds}, **now}
        return [*changes(then, now, recipe), *self._start()]

    def _start(self) -> list[str]:
        return [f"from {self.started_from}"] if self.started_from else []


def evaluated_runs(runs: Path) -> tuple[list[Measurement], list[str]]:
    """Return the measurements of the runs below a folder, and a line about each of the others."""
    evaluated = {path.parent for path in runs.rglob(EVALUATION) if path.with_name(CARD).exists()}
    begun = {path.parent for path in runs.rglob(RUN)}
    measured, others = [], []
    for folder in sorted(evaluated | begun):
        try:
            if folder in evaluated:
                measured.append(_measurement(folder))
            else:
                others.append(f"`{run_name(runs, folder)}`: {summary(folder).progress}")
        except TrainingError as error:
            others.append(f"`{run_name(runs, folder)}`: {error}")
    return measured, others


@dataclass(frozen=True)
class Results:
    """The content of the page of results.

    Attributes:
        measurements: of each run.
        not_run: by recipe, why it could not be run.
        random_weights: by recipe, the number of photos with which it ran end to end with random
            weights.
        other_settings: measurements with other settings than their recipe's own; not saved.
        left_out: the other runs, in a few words each; not saved.
    """

    measurements: Sequence[Measurement] = ()
    not_run: Mapping[str, str] = field(default_factory=dict)
    random_weights: Mapping[str, int] = field(default_factory=dict)
    other_settings: Sequence[Measurement] = ()
    left_out: Sequence[str] = ()


def read_measurements(path: Path) -> Results:
    """Return what `write_measurements` has written; nothing if there is no file."""
    if not path.exists():
        return Results()
    try:
        kept = json.loads(path.read_text("utf-8"))
        runs = [{**each, "parameters": renamed(each["parameters"])} for each in kept["runs"]]
        measured = [Measurement(**each) for each in runs]
        return Results(measured, kept["not_run"], kept.get("random_weights", {}))
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise TrainingError(f"{path} is not a file of measurements ({error}): remove it") from error


def write_measurements(results: Results, path: Path) -> None:
    """Save measurements in a file."""
    write_json(
        path,
        {
            "runs": [asdict(each) for each in results.measurements],
            "not_run": dict(sorted(results.not_run.items())),
            "random_weights": dict(sorted(results.random_weights.items())),
        },
    )


def merged(measurements: Iterable[Measurement]) -> list[Measurement]:
    """Return the newest measurement of each recipe, model, hardware, test split and seed."""
    newest: dict[tuple[Any, ...], Measurement] = {}
    for each in sorted(measurements, key=lambda each: each.began):
        newest[each.recipe, each.model, each.hardware, each.photos, each.seeds] = each
    return [newest[key] for key in sorted(newest)]


def _measurement(folder: Path) -> Measurement:
    card, facts = read_run_card(folder), read_run(folder)
    try:
        metrics, data, trained = card["metrics"], card["data"], card["trained"]
        validation = metrics.get("validation", {})
        backend = facts.get("backend") or trained.get("backend", "")
        return Measurement(
            recipe=card["recipe"],
            model=card["name"],
            parameters=renamed(card["parameters"]),
            accuracy=metrics["test"]["accuracy"],
            training_accuracy=_training_accuracy(card, folder),
            photos=metrics["test"]["photos"],
            seconds=trained["seconds"],
            hardware=_hardware(trained, backend),
            data=data["sha256"],
            began=trained["began"],
            validation_accuracy=validation.get("accuracy"),
            validation_photos=validation.get("photos", 0),
            all_photos=sum(data.get(split, 0) for split in ("training", "validation", "test")),
            code=facts.get("code", ""),
            weights=facts.get("weights", ""),
            backend=backend,
            input_shape=card.get("input_shape", []),
            preparation=card.get("preparation", ""),
            total_seconds=total_seconds(trained),
            started_from=facts.get("from", ""),
            dataset=card.get("dataset", ""),
        )
    except (KeyError, TypeError) as error:
        raise TrainingError(f"{folder / CARD} is not the card of a run (no {error})") from error


def _training_accuracy(card: Mapping[str, Any], folder: Path) -> float | None:
    recorded = card["metrics"].get("training", {}).get("accuracy")
    history = read_history(folder)  # Of runs whose cards do not have it yet.
    found: float | None = history[-1].get("accuracy") if recorded is None and history else recorded
    return found


def _hardware(trained: Mapping[str, Any], backend: str) -> str:
    used = [trained["hardware"], *trained.get("continued_on", [])]
    found = ", continued on ".join(map(_machine, used))
    return found if backend in ("", "tensorflow") else f"{found}; {backend}"


def _machine(recorded: Mapping[str, Any]) -> str:
    processor = "{cores} cores of {processor}".format(**recorded)
    return processor if recorded["device"] == "CPU" else f"{recorded['device']}; {processor}"
