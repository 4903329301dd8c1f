"""The report of a run, as a version is published with it."""

from pathlib import Path
from typing import Any

from rich.console import Console

from training.console import say
from training.data.loading import dataset_named
from training.errors import TrainingError
from training.publishing.saved_model import compressed

MAX_BYTES = 2**20
"""Of a report, compressed: it is part of the graph, which model servers hold in memory."""


def published_report(run: Path, card: dict[str, Any], dataset: str, console: Console) -> str | None:
    """Return the page to publish with a version; None if there is none, and say why.

    It shows photos only of public data sets, and only if it is small enough with them.

    Args:
        run: the run's folder.
        card: of the version, with the verdict of the gate.
        dataset: the name of its data set.
        console: shows why there is no report.
    """
    try:
        from training.report import published_page

        for has_photos in (True, False) if dataset_named(dataset).public else (False,):
            page = published_page(run, card, has_photos)
            if len(compressed(page)) <= MAX_BYTES:
                return page
    except (TrainingError, ModuleNotFoundError) as error:
        say(console, f"published without a report: {error}")
        return None
    say(console, f"published without its report, which is above {MAX_BYTES:,} bytes")
    return None
