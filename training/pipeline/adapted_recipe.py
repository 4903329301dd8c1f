"""The recipe that adapts a published version to own photos: the version's, for a short fit.

It starts from the version's weights, sees a part of the data set in each epoch beside the own
photos, and the result is the mean of the weights before and after, so that it still knows the data
set. docs/own-photos.md shows what these settings gain, and `benchmarks.adapting` measures it.
"""

from dataclasses import replace
from pathlib import Path

from training.recipe import DECAY_SHARE, OwnPhotos, Recipe
from training.recipes import unchanged

_RATE = 0.25  # Of the largest learning rate that the recipe begins with.


def adapted(recipe: Recipe, photos: Path) -> Recipe:
    """Return the recipe that fits a version to own photos.

    Args:
        recipe: that the version was trained by.
        photos: as in `OwnPhotos.photos`.
    """
    return replace(
        recipe,
        own=OwnPhotos(photos=str(photos), share=0.3, rehearsed=6_000),
        kept_start=0.5,
        epochs=6,
        learning_rate=_RATE * unchanged(recipe).learning_rate,  # A version may be an adapted one.
        schedule="cosine",
        warmup_epochs=0.0,
        decay_share=DECAY_SHARE,
        averaging=0.0,
        early_stopping=0,
    )
