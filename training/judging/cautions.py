"""Why a model may look better on photos than it is: it was, or may have been, trained on them."""

from collections.abc import Sequence

from training.data.datasets import DataSet
from training.overrides import renamed
from training.publishing.published_model import PublishedModel
from training.publishing.unseen import is_same_data, seen_contents, seen_photos
from training.recipe import Recipe


def data_caution(model: PublishedModel, data: DataSet, split: str, recipe: Recipe) -> str:
    """Return a caution about a split of a data set, loaded by a recipe; empty if none is needed."""
    name, held_out = f"{model.name}/{model.version}", recipe.held_out
    if is_same_data(model.card, data, recipe):
        then = renamed(model.card.get("parameters", {})).get("held_out", held_out)
        if split == "training":
            return f"{name} was trained on these photos: it looks better on them than it is"
        if split == "validation" and then != held_out:
            return f"{name} may have been trained on some of these photos: it held out others"
        return ""
    part = dict(zip(("training", "validation", "test"), data.splits, strict=True))[split]
    seen = seen_photos(model.card, data, part)
    some = "an unknown number" if seen is None else f"{seen.sum():,}"
    return (
        f"these are not the photos that {name} was trained on, or they are split otherwise: {some}"
        f" of the {len(part):,} may have been trained on"
    )


def folder_caution(model: PublishedModel, contents: Sequence[str]) -> str:
    """Return a caution about a folder of photos, given by their sha256; may be empty."""
    seen = seen_contents(model.card, list(contents))
    if seen is None:
        return ""
    return (
        f"if these are photos that {model.name}/{model.version} was made of, it was trained on"
        f" {seen.sum():,} of the {len(contents):,}, and looks better on them than it is"
    )
