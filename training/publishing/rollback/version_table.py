"""A model's versions as their cards describe them, and which of them serves."""

from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

from serving.repository.served_versions import named_versions
from training.errors import TrainingError
from training.model_cards import VERSION_CARD, read_card, stated_accuracy
from training.overrides import shown_value
from training.publishing.rollback.served_model import State
from training.runs.folders import RUN, read_run
from training.runs.summary import changed_of


def version_rows(state: State, runs: Path) -> list[dict[str, str]]:
    """Return the cells of a table by column, for each version, the oldest first.

    Of a folder elsewhere, only the versions that are named are known.

    Args:
        state: of the model.
        runs: folder of the runs; need not exist.
    """
    rows = []
    run_names = dict(_run_names(runs))
    known = state.published
    for number in sorted(named_versions(state.settings)) if known is None else known:
        card = _card(state.base / str(number))
        trained = card.get("trained")
        run = str(trained.get("run", "")) if isinstance(trained, dict) else ""
        labels = state.settings.labels
        row = {
            "version": str(number),
            "published": _published(state.base / str(number)),
            "test": _percent(stated_accuracy(card)),
            "validation": _percent(stated_accuracy(card, "validation")),
            "recipe": _recipe(card),
            "run": run_names.get(run, run) or "–",
            "labels": ", ".join(sorted(label for label in labels if labels[label] == number)),
            "serves": "yes" if number == state.serving else "",
        }
        rows.append(row)
    return rows


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


def _published(folder: Path) -> str:
    try:
        return f"{datetime.fromtimestamp(folder.stat().st_mtime).astimezone():%Y-%m-%d %H:%M}"
    except OSError:  # It is not on this machine.
        return "–"


def _percent(accuracy: float | None) -> str:
    return "–" if accuracy is None else f"{accuracy:.2%}"


def _recipe(card: dict[str, Any]) -> str:
    changed: dict[str, Any] = {}
    with suppress(KeyError, TypeError, AttributeError):  # Models made elsewhere have other cards.
        changed = changed_of(card)
    settings = (f"{name}={shown_value(value)}" for name, value in changed.items())
    return " ".join([str(card.get("recipe") or "–"), *settings])
