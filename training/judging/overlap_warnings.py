"""Which photos a model was, or may have been, trained on: it looks too good on them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from training.data.datasets import DataSet, Photos, Split
from training.data.photo_contents import pixel_contents
from training.judging.scored_model import ScoredModel
from training.overrides import renamed
from training.publishing.training_overlap import is_same_data, seen_contents, seen_photos
from training.publishing.training_photos import seen
from training.recipe import Recipe


@dataclass(frozen=True)
class Overlap:
    """What is known of which photos a model was trained on.

    Attributes:
        seen: bool `[photos]`; None if it is unknown.
        exact: whether it was trained on those for certain; otherwise it may have been.
    """

    seen: np.ndarray | None
    exact: bool

    def warning(self, name: str, photos: int) -> str:
        """Return a line about it; empty if the model was trained on none of the photos.

        Args:
            name: of the model.
            photos: how many there are.
        """
        if self.seen is None:
            why = "it has no digests of its training photos"
            return f"{name} may have been trained on these photos: {why}"
        count = int(self.seen.sum())
        if not count:
            return ""
        was = "was" if self.exact else "may have been"
        warning = f"{name} {was} trained on {count:,} of these {photos:,} photos"
        if count < photos:
            return f"{warning}, and looks better on them than it is"
        return f"{warning}: they can't tell how good it is"


def overlap_with_data(model: ScoredModel, data: DataSet, split: Split, recipe: Recipe) -> Overlap:
    """Return the overlap with a split of a data set, loaded by a recipe."""
    digests, card = model.training_photos, model.card
    then = renamed(card.get("parameters", {})).get("held_out", recipe.held_out)
    same = is_same_data(card, data, recipe)
    if digests is None and same and split is data.validation and then != recipe.held_out:
        return Overlap(None, exact=False)  # It held out other photos.
    exact = same or digests is not None
    return Overlap(seen_photos(digests, card, data, recipe, split), exact)


def overlap_with_photos(model: ScoredModel, contents: Sequence[str], photos: Photos) -> Overlap:
    """Return the overlap with any photos.

    A model that was trained on arrays keeps digests of pixels. Preparations leave photos of its
    size that look like those alone, so these are recognized when they come as files.

    Args:
        model: the model.
        contents: the sha256 of the file of each photo.
        photos: the same, prepared as the model needs them.
    """
    if model.training_photos is None:
        return Overlap(seen_contents(model.card, list(contents)), exact=False)
    files, pixels = (
        seen(each, model.training_photos) for each in (contents, pixel_contents(photos))
    )
    return Overlap(files | pixels, exact=True)
