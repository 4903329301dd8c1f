"""Photos with their predictions, ready to be shown."""

import base64
import io
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from PIL import Image

from training.metrics.evaluation import Evaluation

_BARS = 5  # Classes shown for each photo.
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
        label: the correct one.
        predicted: the most probable one.
        bars: the most probable classes, most probable first, and always the correct one.
    """

    photo: np.ndarray
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
    evaluation: Evaluation, photos: Mapping[int, np.ndarray], chosen: np.ndarray
) -> list[Tile]:
    """Return the photos with the chosen indices (int64) and their predictions, in order."""
    return [_tile(evaluation, photos[index], index) for index in chosen.tolist()]


def _tile(evaluation: Evaluation, photo: np.ndarray, index: int) -> Tile:
    probabilities, label = evaluation.probabilities[index], int(evaluation.classes[index])
    order = np.argsort(-probabilities, kind="stable").tolist()
    shown = order[:_BARS] if label in order[:_BARS] else [*order[: _BARS - 1], label]
    kinds = {order[0]: "wrong", label: "right"}
    bars = (
        Bar(evaluation.labels[each], float(probabilities[each]), kinds.get(each, "other"))
        for each in shown
    )
    return Tile(photo, evaluation.labels[label], evaluation.labels[order[0]], tuple(bars))
