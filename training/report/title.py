"""The title of a report: which model it is about, and what is special about its run."""

from pathlib import Path
from typing import Any

from training.errors import TrainingError
from training.runs.summary import summary


def report_title(folder: Path, card: dict[str, Any]) -> str:
    """Return a title such as `flowers/3: images-mobilenet, epochs=5, seed=3`.

    Args:
        folder: of the run.
        card: its model card.
    """
    try:
        run = summary(folder)
    except TrainingError:  # Only the files that the report needs are here.
        return f"{card['name']}: {card['recipe']}"
    model = run.version if run.status == "published" else f"{run.model} (not published)"
    return f"{model}: {', '.join(filter(None, (run.recipe, run.settings)))}"
