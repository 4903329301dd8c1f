"""A picture of a data set: prepared photos of every class, with their labels."""

import itertools
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
_MAX_ROWS = 40
_INCHES = 1.6  # Side of a photo.
_TITLE = 0.25  # Inches above each photo.


def draw_data(data: DataSet, recipe: Recipe, photos: int, augmented: bool, path: Path) -> int:
    """Draw at most `photos` training photos into a PNG file and return their number.

    The classes take turns. Photos are unchanged, or `augmented` as in the first epoch.

    Raises:
        TrainingError: the file system refused.
    """
    chosen = _in_turn(data.training.classes, min(photos, COLUMNS * _MAX_ROWS))
    shown = [np.asarray(data.training.photos[index]) for index in chosen]
    if augmented:
        snapshots = SnapshotAugmenter(recipe, data.training, data.labels, 0)
        augmenter = Augmenter(recipe, len(data.training), 0)
        indices = np.array(chosen)
        shown = list(augmenter.batch(snapshots(np.stack(shown), indices), indices))
    labels = [data.labels[data.training.classes[index]] for index in chosen]
    rows = -(-len(shown) // COLUMNS)
    with mpl.rc_context({"text.parse_math": False}), warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # About letters that the font lacks.
        figure = Figure((_INCHES * COLUMNS, (_INCHES + _TITLE) * rows))
        FigureCanvasAgg(figure)
        top = 1 - _TITLE / (_INCHES + _TITLE) / rows
        grid = {"left": 0.005, "right": 0.995, "bottom": 0.005, "top": top}
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
    """Return the indices of the first photos of each class, the classes in turn."""
    by_class = [np.flatnonzero(classes == label) for label in np.unique(classes)]
    turns = range(max(map(len, by_class)))
    in_turn = (int(own[turn]) for turn in turns for own in by_class if turn < len(own))
    return list(itertools.islice(in_turn, count))


def _shortened(label: str) -> str:
    return label if len(label) <= 18 else f"{label[:17]}…"
