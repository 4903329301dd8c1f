"""Warnings that a model was, or may have been, trained on photos: it looks too good on them."""

from collections.abc import Sequence

from training.data.datasets import DataSet
from training.data.splits import SPLITS
from training.overrides import renamed
from training.publishing.published_model import PublishedModel
from training.publishing.training_overlap import is_same_data, seen_contents, seen_photos
from training.recipe import Recipe


def data_warning(model: PublishedModel, data: DataSet, split: str, recipe: Recipe) -> str:
    """Return a warning about a split of a data set, loaded by a recipe; empty if none is needed."""
    name, held_out = f"{model.name}/{model.version}", recipe.held_out
    if is_same_data(model.card, data, recipe):
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
    seen = seen_contents(model.card, list(contents))
    if seen is None:
        return ""
    return (
        f"if {model.name}/{model.version} was made from these photos, it was trained on"
        f" {seen.sum():,} of the {len(contents):,}, and looks better on them than it is"
    )
