"""The report of a run: one self-contained page, and its pictures as PNG files.

It is made only from the files in the run's folder, so that it can be written again at any time,
without the data set and without TensorFlow.
"""

from pathlib import Path
from typing import Any

from training.errors import explained
from training.metrics.evaluation import confident_mistakes, read_evaluation, sample
from training.model_cards import read_run_card
from training.report.page import render
from training.report.pictures import confusion_picture, curves_picture, photos_picture
from training.report.reliability import reliability_picture
from training.report.tiles import tiles, unknown_tiles
from training.report.title import report_title
from training.runs.history import best_epoch, read_history
from training.trust.accepted_unknowns import read_accepted

PAGE = "report.html"


def write_report(folder: Path) -> Path:
    """Write `report.html` and its pictures into the folder of a run, and return the page's path.

    The pictures are `curves.png`, `confusion.png`, `mistakes.png`, `predictions.png` and
    `reliability.png`.
    """
    page = report_page(folder)
    card, history = read_run_card(folder), read_history(folder)
    evaluation, photos = read_evaluation(folder)
    with explained(f"cannot write the report into {folder}"):
        if history:
            curves_picture(history, best_epoch(card["trained"]), folder / "curves.png")
        confusion_picture(evaluation, folder / "confusion.png")
        reliability_picture(card, folder / "reliability.png")
        for name, choose in (("mistakes", confident_mistakes), ("predictions", sample)):
            photos_picture(tiles(evaluation, photos, choose(evaluation)), folder / f"{name}.png")
        (folder / PAGE).write_text(page, "utf-8")
    return folder / PAGE


def published_page(folder: Path, card: dict[str, Any], has_photos: bool) -> str:
    """Return the page of a run's report as it is published with a version.

    Other people see it: it has no names of files, and photos only if everybody may see them.

    Args:
        folder: of the run.
        card: of the version; the run's own is older.
        has_photos: whether to show photos.
    """
    evaluation, photos = read_evaluation(folder)
    nameless = {index: photo._replace(name="") for index, photo in photos.items()}
    chosen = [confident_mistakes(evaluation), sample(evaluation)] if has_photos else []
    shown = [tiles(evaluation, nameless, each) for each in chosen]
    title = f"{card['name']}: {card['recipe']}"
    history = read_history(folder)
    return render(title, card, history, evaluation, *shown, is_published=True)


def report_page(folder: Path) -> str:
    """Return the page of a run's report: see `write_report`."""
    evaluation, photos = read_evaluation(folder)
    card = read_run_card(folder)
    accepted = read_accepted(folder)
    return render(
        report_title(folder, card),
        card,
        read_history(folder),
        evaluation,
        mistakes=tiles(evaluation, photos, confident_mistakes(evaluation)),
        sample=tiles(evaluation, photos, sample(evaluation)),
        accepted=unknown_tiles(accepted, evaluation.labels) if accepted else None,
    )
