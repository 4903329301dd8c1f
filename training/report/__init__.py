"""The report of a run: one self-contained page, and its pictures as PNG files.

Made from the files of the run's folder alone (`training.runs.files`), so that it can be made again
at any time, without the data set and without TensorFlow.
"""

from pathlib import Path

from training.errors import TrainingError
from training.metrics.evaluation import confident_mistakes, read_evaluation, sample
from training.report.page import render
from training.report.pictures import confusion_picture, curves_picture, photos_picture
from training.report.reliability import reliability_picture
from training.report.tiles import tiles
from training.runs.files import read_card, read_history

PAGE = "report.html"


def write_report(folder: Path) -> Path:
    """Write `report.html` and its pictures.

    These are `curves.png`, `confusion.png`, `mistakes.png`, `predictions.png` and
    `reliability.png`.

    Args:
        folder: of a run that has been tested.

    Returns:
        The page.

    Raises:
        TrainingError: the folder has no evaluation, a file of it is damaged, or nothing can be
            written.
    """
    page = report_page(folder)
    history = read_history(folder)
    evaluation, photos = read_evaluation(folder)
    try:
        if history:
            curves_picture(history, folder / "curves.png")
        confusion_picture(evaluation, folder / "confusion.png")
        reliability_picture(read_card(folder), folder / "reliability.png")
        for name, choose in (("mistakes", confident_mistakes), ("predictions", sample)):
            photos_picture(tiles(evaluation, photos, choose(evaluation)), folder / f"{name}.png")
        (folder / PAGE).write_text(page, "utf-8")
    except OSError as error:
        reason = error.strerror or error
        raise TrainingError(f"cannot write the report into {folder} ({reason})") from error
    return folder / PAGE


def report_page(folder: Path) -> str:
    """Return the page of a run's report: see `write_report`."""
    evaluation, photos = read_evaluation(folder)
    return render(
        read_card(folder),
        read_history(folder),
        evaluation,
        mistakes=tiles(evaluation, photos, confident_mistakes(evaluation)),
        sample=tiles(evaluation, photos, sample(evaluation)),
    )
