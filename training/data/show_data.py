"""A picture of a data set: photos of every class under their labels, as a model sees them."""

import warnings
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from training.data.augmentation import Augmenter
from training.data.datasets import DataSet
from training.data.snapshots import SnapshotAugmenter
from training.errors import TrainingError
from training.recipe import Recipe

COLUMNS = 8
_MOST_ROWS = 40
_INCHES = 1.6  # Of a photo.
_TITLE = 0.25  # Inches, likewise.


def draw_data(data: DataSet, recipe: Recipe, photos: int, augmented: bool, path: Path) -> int:
    """Draw a grid of training photos into a PNG file, the classes in turn.

    Args:
        data: has them.
        recipe: how they are varied.
        photos: how many, at most.
        augmented: as the first epoch varies them, instead of as they are.
        path: of the picture.

    Returns:
        How many were drawn.

    Raises:
        TrainingError: the file system refused.
    """
    chosen = _in_turn(data.training.classes, min(photos, COLUMNS * _MOST_ROWS))
    shown = [np.asarray(data.training.photos[place]) for place in chosen]
    if augmented:
        photographer = SnapshotAugmenter(recipe, data.training, data.labels, 0)
        augmenter = Augmenter(recipe, len(data.training), 0)
        places = np.array(chosen)
        shown = list(augmenter.batch(photographer(np.stack(shown), places), places))
    labels = [data.labels[data.training.classes[place]] for place in chosen]
    rows = -(-len(shown) // COLUMNS)
    with mpl.rc_context({"text.parse_math": False}), warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # Of letters that the font doesn't have.
        figure = Figure((_INCHES * COLUMNS, (_INCHES + _TITLE) * rows))
        FigureCanvasAgg(figure)
        title = _TITLE / (_INCHES + _TITLE) / rows
        grid = {"left": 0.005, "right": 0.995, "bottom": 0.005, "top": 1 - title}
        spaces = {"wspace": 0.04, "hspace": _TITLE / _INCHES}
        axes_of = figure.subplots(rows, COLUMNS, squeeze=False, gridspec_kw={**grid, **spaces})
        for axes in axes_of.flat:
            axes.set_axis_off()
        for axes, photo, label in zip(figure.axes, shown, labels, strict=False):
            gray = photo.shape[2] == 1
            axes.imshow(photo[..., 0] if gray else photo, cmap="gray", vmin=0, vmax=255)
            axes.set_title(_shortened(label), fontsize=9)
        try:
            figure.savefig(path, dpi=100)
        except OSError as error:
            raise TrainingError(f"cannot write {path} ({error.strerror or error})") from error
    return len(shown)


def _in_turn(classes: np.ndarray, count: int) -> list[int]:
    """Choose the first photos of each class, one class after the other, in turn."""
    places = [np.flatnonzero(classes == label) for label in np.unique(classes)]
    turns = range(max(map(len, places)))
    in_turn = (int(own[turn]) for turn in turns for own in places if turn < len(own))
    return [place for place, _ in zip(in_turn, range(count), strict=False)]


def _shortened(label: str) -> str:
    return label if len(label) <= 18 else f"{label[:17]}…"
