"""Warnings that a model was, or may have been, trained on photos: it looks too good on them."""

from collections.abc import Sequence

from training.data.datasets import DataSet
from training.data.splits import SPLITS, split_of
from training.overrides import renamed
from training.publishing.published_model import PublishedModel
from training.publishing.training_overlap import is_same_data, seen_photos, split_seed


def data_warning(model: PublishedModel, data: DataSet, split: str, held_out: float) -> str:
    """Return a warning about a split of a data set; empty if none is needed.

    `held_out` is the fraction that is held out now.
    """
    name = f"{model.name}/{model.version}"
    if is_same_data(model.card, data):
        then = renamed(model.card.get("parameters", {})).get("held_out", held_out)
        if split == "training":
            return f"{name} was trained on these photos: it looks better on them than it is"
        if split == "validation" and then != held_out:
            return f"{name} may have been trained on some of these photos: it held out others"
        return ""
    part = dict(zip(SPLITS, data.splits, strict=True))[split]
    seen = seen_photos(model.card, data, part)
    some = "an unknown number" if seen is None else f"{seen.sum():,}"
    return (
        f"these are not the photos that {name} was trained on, or they are split differently:"
        f" {some} of the {len(part):,} may have been trained on"
    )


def folder_warning(model: PublishedModel, contents: Sequence[str]) -> str:
    """Return a warning about a folder of photos, given by their sha256; may be empty."""
    seed = split_seed(model.card)
    if seed is None:
        return ""
    seen = sum(split_of(content, seed) == "training" for content in contents)
    return (
        f"if {model.name}/{model.version} was made from these photos, it was trained on"
        f" {seen:,} of the {len(contents):,}, and looks better on them than it is"
    )
