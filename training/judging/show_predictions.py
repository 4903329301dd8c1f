"""A picture of random photos with what a published model predicts for them."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from training.console import counted
from training.errors import TrainingError, explained
from training.judging.scoring import LabelledPhotos, predicted
from training.metrics.evaluation import Evaluation, SavedPhoto
from training.publishing.published_model import PublishedModel
from training.report.pictures import LIGHT, blank_figure
from training.report.tiles import Tile, tiles

_COLUMNS = 4
_WIDTH, _HEIGHT, _TITLE = 3.5, 1.95, 1.1  # Inches: of a photo with its bars; of the title.
_LONGEST = 22  # Characters of a label.
_COLOURS = {"right": LIGHT.right, "wrong": LIGHT.wrong, "other": LIGHT.other}


@dataclass(frozen=True)
class Shown:
    """What a picture shows.

    Attributes:
        tiles: the photos with their predictions.
        recognized: whether the model recognizes each; None if it can't tell.
        title: which version is shown on which photos.
        result: how many of them are right.
    """

    tiles: list[Tile]
    recognized: tuple[bool, ...] | None
    title: str
    result: str


def random_predictions(
    model: PublishedModel, photos: LabelledPhotos, count: int, seed: int, *, only_wrong: bool
) -> Shown:
    """Choose at most `count` random photos, or wrongly classified ones, and classify them.

    Raises:
        TrainingError: the photos do not have the model's shape or labels, or nothing is wrong.
    """
    number = len(photos.classes)
    order = np.random.default_rng(seed).permutation(number)
    if not only_wrong:
        photos, order = photos.part(np.sort(order[:count])), np.arange(min(count, number))
    evaluation, recognized = predicted(model, photos)
    if only_wrong:
        order = np.sort(order[~evaluation.right[order]][:count])
        if not len(order):
            raise TrainingError(f"all {counted(number, 'photo')} of {photos.name} are right")
    chosen = {
        index: SavedPhoto(np.asarray(photos.photos[index]), _name(photos, index))
        for index in order.tolist()
    }
    known = None if recognized is None else tuple(map(bool, recognized[order]))
    title = f"{model.name}/{model.version} on {photos.name.partition(' (sha256')[0]}"
    result = _result(evaluation, len(order), only_wrong=only_wrong)
    return Shown(tiles(evaluation, chosen, order), known, title, result)


def draw_predictions(shown: Shown, path: Path) -> None:
    """Draw photos beside bars of their probabilities into a PNG file.

    The predicted label is blue with ✓ if it is correct, otherwise red with ✗; below it stands the
    correct one, whose bar is blue. A wrong prediction's bar is red, all others are gray.

    Raises:
        TrainingError: the file can't be written.
    """
    columns = min(_COLUMNS, max(2, len(shown.tiles)))
    rows = -(-len(shown.tiles) // columns)
    size = columns * _WIDTH, rows * _HEIGHT + _TITLE
    with blank_figure(LIGHT, size, layout=None) as figure:
        _draw_title(figure, shown, size)
        whole = figure.add_gridspec(
            rows,
            2 * columns,
            width_ratios=[1, 1.15] * columns,
            left=0.12 / size[0],
            right=1 - 0.12 / size[0],
            bottom=0.1 / size[1],
            top=1 - (_TITLE + 0.4) / size[1],
            wspace=0.08,
            hspace=0.42,
        )
        for index, tile in enumerate(shown.tiles):
            row, column = divmod(index, columns)
            recognized = shown.recognized is None or shown.recognized[index]
            _draw_photo(figure.add_subplot(whole[row, 2 * column]), tile, recognized)
            _draw_bars(figure.add_subplot(whole[row, 2 * column + 1]), tile)
        with explained(f"cannot write {path}", "choose another --output"):
            figure.savefig(path, dpi=110)


def _name(photos: LabelledPhotos, index: int) -> str:
    return photos.names[index] if photos.names else ""


def _result(evaluation: Evaluation, shown: int, *, only_wrong: bool) -> str:
    right, photos = int(evaluation.right.sum()), len(evaluation.classes)
    if only_wrong:
        return f"{shown:,} of {counted(photos - right, 'mistake')} in {counted(photos, 'photo')}"
    return f"{right:,} of {counted(photos, 'random photo')} right"


def _draw_title(figure: Figure, shown: Shown, size: tuple[float, float]) -> None:
    left, top = 0.12 / size[0], 1 - 0.16 / size[1]
    figure.text(left, top, shown.title, size=13, weight="bold", va="top")
    figure.text(left, top - 0.27 / size[1], shown.result, size=11, va="top")
    meanings = {"right": "correct class", "wrong": "predicted in error", "other": "other classes"}
    handles = [Patch(color=_COLOURS[kind], label=meaning) for kind, meaning in meanings.items()]
    figure.legend(
        handles=handles,
        loc="upper left",
        bbox_to_anchor=(0.02 / size[0], 1 - 0.66 / size[1]),
        ncols=3,
        frameon=False,
        fontsize=9,
        handlelength=1,
        handleheight=0.8,
    )


def _draw_photo(axes: Axes, tile: Tile, recognized: bool) -> None:
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set_visible(True)
    gray = tile.photo.shape[2] == 1
    smoothing = "nearest" if tile.small else "auto"
    axes.imshow(
        tile.photo[..., 0] if gray else tile.photo,
        cmap="gray",
        vmin=0,
        vmax=255,
        interpolation=smoothing,
    )
    axes.set_anchor("W")
    mark, colour = ("✓", LIGHT.right) if tile.right else ("✗", LIGHT.wrong)
    said = f"{mark} {_shortened(tile.predicted)} {tile.bars[0].probability:.0%}"
    axes.text(0, 1.17, said, size=10, weight="bold", color=colour, transform=axes.transAxes)
    doubt = "" if recognized else ", not recognized"
    axes.text(
        0, 1.04, f"correct: {_shortened(tile.label)}{doubt}", size=8, transform=axes.transAxes
    )


def _draw_bars(axes: Axes, tile: Tile) -> None:
    axes.set_axis_off()
    for row, bar in enumerate(tile.bars):
        axes.barh(-row, 1, color=LIGHT.faint, height=0.34, alpha=0.4)
        axes.barh(-row, bar.probability, color=_COLOURS[bar.kind], height=0.34)
        text = f"{_shortened(bar.label)} {bar.probability:.0%}"
        weight = "bold" if bar.kind == "right" else "normal"
        ink = LIGHT.other if bar.kind == "other" and bar.probability < 0.005 else LIGHT.ink
        axes.text(0, 0.24 - row, text, size=7.5, va="bottom", weight=weight, color=ink)
    axes.set_xlim(0, 1.02)
    axes.set_ylim(-4.3, 0.75)


def _shortened(label: str) -> str:
    return label if len(label) <= _LONGEST else f"{label[: _LONGEST - 1]}…"
