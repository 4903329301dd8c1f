"""The versions of a model as their cards describe them, and which of them serves."""

import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from serving.repository.served_versions import named_versions
from training.errors import TrainingError, UsageError
from training.model_cards import VERSION_CARD, read_card, stated_accuracy
from training.overrides import hyperparameters, renamed
from training.publishing.served.place import State
from training.recipes import recipe_of_run
from training.runs.folders import RUN, read_run


@dataclass(frozen=True)
class Version:
    """A version; what its card does not tell is empty or None.

    Attributes:
        number: of the version.
        published: when it was, in local time; None if its folder is not on this machine.
        recipe: name of the recipe.
        changed: settings other than the recipe's own.
        test: accuracy on the test photos.
        validation: accuracy on the validation photos.
        run: name of the folder of the run that made it; its identifier if that is not found.
        labels: that name it.
        serves: whether it answers requests that name neither version nor label.
    """

    number: int
    published: datetime | None
    recipe: str
    changed: dict[str, Any]
    test: float | None
    validation: float | None
    run: str
    labels: list[str]
    serves: bool


def list_versions(state: State, runs: Path) -> Iterator[Version]:
    """Yield all versions, oldest first; of a folder elsewhere, those that pin and labels name.

    Args:
        state: of the model.
        runs: folder of the runs; need not exist.
    """
    names = dict(_run_names(runs))
    numbers = state.published
    if numbers is None:
        numbers = sorted(named_versions(state.settings))
    for number in numbers:
        folder = state.base / str(number)
        card = _card(folder)
        recipe = str(card.get("recipe", ""))
        trained = card.get("trained")
        run = str(trained.get("run", "")) if isinstance(trained, dict) else ""
        yield Version(
            number,
            _changed_at(folder),
            recipe,
            _changed(card),
            stated_accuracy(card),
            stated_accuracy(card, "validation"),
            names.get(run, run),
            sorted(label for label, named in state.settings.labels.items() if named == number),
            number == state.serving,
        )


def _run_names(runs: Path) -> Iterator[tuple[str, str]]:
    """Yield the identifier of each run, which cards have, and the name of its folder."""
    for path in runs.glob(f"*/*/{RUN}"):
        with suppress(TrainingError):
            yield str(read_run(path.parent).get("id", "")), path.parent.name


def _card(folder: Path) -> dict[str, Any]:
    try:
        return read_card(folder / VERSION_CARD)
    except TrainingError:  # Models made elsewhere have none.
        return {}


def _changed_at(folder: Path) -> datetime | None:
    try:
        return datetime.fromtimestamp(folder.stat().st_mtime).astimezone()
    except OSError:
        return None


def _changed(card: dict[str, Any]) -> dict[str, Any]:
    """Return the settings of a card that differ from those of its recipe, if that is known."""
    try:
        own = json.loads(json.dumps(hyperparameters(recipe_of_run(card))))
        changed = renamed(card["parameters"])
    except (UsageError, KeyError, TypeError, AttributeError):
        return {}
    return {name: value for name, value in changed.items() if name in own and own[name] != value}
