"""Photos with their predictions, ready to be shown."""

import base64
import io
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image

from training.console import in_one_line
from training.metrics.evaluation import Evaluation, SavedPhoto
from training.trust.accepted_unknowns import AcceptedUnknowns

_BARS = 5  # Classes shown for each photo.
_NAME = 44  # Characters of a name that are shown.
_SMALL = 64  # Pixels: photos whose sides are at most this long are enlarged, losslessly.


@dataclass(frozen=True)
class Bar:
    """The probability of a class; `kind` is `right`, `wrong` (predicted in error) or `other`."""

    label: str
    probability: float
    kind: str


@dataclass(frozen=True)
class Tile:
    """One photo.

    Attributes:
        photo: uint8 `[height, width, channels]`.
        name: of the photo, in one line (`DataSet.names`); empty if it is unknown.
        short_name: within the folder of all photos that are shown, shortened in the middle.
        label: the correct one.
        predicted: the most probable one.
        bars: the most probable classes, most probable first, and always the correct one.
    """

    photo: np.ndarray
    name: str
    short_name: str
    label: str
    predicted: str
    bars: tuple[Bar, ...]

    @property
    def right(self) -> bool:
        """Whether the prediction is correct."""
        return bool(self.label == self.predicted)

    @property
    def small(self) -> bool:
        """Whether the photo is enlarged."""
        return bool(max(self.photo.shape[:2]) <= _SMALL)

    @property
    def url(self) -> str:
        """The photo as a `data:` URL."""
        form, options = ("PNG", {}) if self.small else ("JPEG", {"quality": 85})
        gray = self.photo.shape[2] == 1
        file = io.BytesIO()
        Image.fromarray(self.photo[..., 0] if gray else self.photo).save(file, form, **options)
        return f"data:image/{form.lower()};base64,{base64.b64encode(file.getvalue()).decode()}"


def tiles(
    evaluation: Evaluation, photos: Mapping[int, SavedPhoto], chosen: np.ndarray
) -> list[Tile]:
    """Return the photos with the chosen indices (int64) and their predictions, in order."""
    folders = {os.path.dirname(photo.name) for photo in photos.values()}
    folder = os.path.commonpath(folders) if folders else ""
    return [_tile(evaluation, photos[index], folder, index) for index in chosen.tolist()]


def unknown_tiles(found: AcceptedUnknowns, labels: Sequence[str]) -> list[Tile]:
    """Return unknown photos that are recognized; the label of each is the name of its set."""
    tiles = []
    for photo, name, row in zip(found.photos, found.sets, found.probabilities, strict=True):
        order = np.argsort(-row, kind="stable").tolist()[:_BARS]
        kinds = {order[0]: "wrong"}
        bars = (Bar(labels[each], float(row[each]), kinds.get(each, "other")) for each in order)
        tiles.append(Tile(photo, "", "", name, labels[order[0]], tuple(bars)))
    return tiles


def _tile(evaluation: Evaluation, photo: SavedPhoto, folder: str, index: int) -> Tile:
    probabilities, label = evaluation.probabilities[index], int(evaluation.classes[index])
    order = np.argsort(-probabilities, kind="stable").tolist()
    shown = order[:_BARS] if label in order[:_BARS] else [*order[: _BARS - 1], label]
    kinds = {order[0]: "wrong", label: "right"}
    bars = (
        Bar(evaluation.labels[each], float(probabilities[each]), kinds.get(each, "other"))
        for each in shown
    )
    name = in_one_line(photo.name)
    short_name = _shortened(in_one_line(photo.name.removeprefix(f"{folder}/")))
    return Tile(
        photo.pixels,
        name,
        short_name,
        evaluation.labels[label],
        evaluation.labels[order[0]],
        tuple(bars),
    )


def _shortened(name: str) -> str:
    """Return a name without its middle, if it is too long; its end tells most."""
    start = _NAME // 3
    return name if len(name) <= _NAME else f"{name[:start]}…{name[start + 1 - _NAME :]}"
