"""Which epochs of a run don't depend on how many it has: longer and shorter runs share them.

No framework is imported here: what a sweep will compute is known within a moment.
"""

from training.recipe import Recipe


def decay_epochs(recipe: Recipe) -> int:
    """Return the number of last epochs in which a `warmup-stable-decay` rate falls to 0."""
    return max(1, round(recipe.decay_share * recipe.epochs))


def shared_epochs(recipe: Recipe) -> int:
    """Return the number of first epochs whose course does not depend on `epochs`.

    After as many of them as two recipes share, which differ in `epochs` only, weights, optimizer
    and random generators are the same; with `--deterministic` bit by bit.
    """
    if recipe.schedule == "constant":
        return recipe.epochs
    if recipe.schedule == "warmup-stable-decay":
        return recipe.epochs - decay_epochs(recipe)
    return 0
