"""Photos with what a model said of them, ready to be shown."""

import base64
import io
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from PIL import Image

from training.metrics.evaluation import Evaluation

_BARS = 5  # Classes shown for each photo.
_SMALL = 64  # Pixels: photos of at most this side are shown enlarged, without loss.


@dataclass(frozen=True)
class Bar:
    """The probability of one class.

    Attributes:
        label: of the class.
        probability: from 0 to 1.
        kind: `right` for the right class, `wrong` for another that was chosen, `other`.
    """

    label: str
    probability: float
    kind: str


@dataclass(frozen=True)
class Tile:
    """One photo.

    Attributes:
        photo: uint8 `[height, width, channels]`.
        label: the right one.
        chosen: the most probable one.
        bars: the most probable classes, most probable first, and the right one in any case.
    """

    photo: np.ndarray
    label: str
    chosen: str
    bars: tuple[Bar, ...]

    @property
    def right(self) -> bool:
        """Whether the most probable class is the right one."""
        return bool(self.label == self.chosen)

    @property
    def small(self) -> bool:
        """Whether the photo has to be enlarged to be seen."""
        return bool(max(self.photo.shape[:2]) <= _SMALL)

    @property
    def address(self) -> str:
        """The photo as a `data:` address for a page."""
        form, options = ("PNG", {}) if self.small else ("JPEG", {"quality": 85})
        gray = self.photo.shape[2] == 1
        file = io.BytesIO()
        Image.fromarray(self.photo[..., 0] if gray else self.photo).save(file, form, **options)
        return f"data:image/{form.lower()};base64,{base64.b64encode(file.getvalue()).decode()}"


def tiles(
    evaluation: Evaluation, photos: Mapping[int, np.ndarray], chosen: np.ndarray
) -> list[Tile]:
    """Return the chosen photos of a split with what was said of them, in order.

    Args:
        evaluation: of the split.
        photos: by their index in it.
        chosen: indexes, int64.
    """
    return [_tile(evaluation, photos[index], index) for index in chosen.tolist()]


def _tile(evaluation: Evaluation, photo: np.ndarray, index: int) -> Tile:
    said, label = evaluation.probabilities[index], int(evaluation.classes[index])
    order = np.argsort(-said, kind="stable").tolist()
    shown = order[:_BARS] if label in order[:_BARS] else [*order[: _BARS - 1], label]
    kinds = {order[0]: "wrong", label: "right"}
    bars = (
        Bar(evaluation.labels[place], float(said[place]), kinds.get(place, "other"))
        for place in shown
    )
    return Tile(photo, evaluation.labels[label], evaluation.labels[order[0]], tuple(bars))
