"""Levels of a study whose pretrained weights are not there: they are left out, with a note."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from training.experiments.factors import Factor, Level
from training.overrides import override
from training.recipe import Recipe
from training.settings import BackboneNetwork


def levels_at_hand(
    recipe: Recipe, factors: Sequence[Factor], data: Path | None
) -> tuple[list[Factor], list[str]]:
    """Leave out levels with another backbone whose weights would have to be downloaded.

    Args:
        recipe: that the study varies.
        factors: of the study.
        data: folder that is searched first, before PHOTOLABEL_DATA.

    Returns:
        The factors, and a line for each level that is left out.
    """
    kept, notes = [], []
    for factor in factors:
        there = []
        for level in factor.levels:
            if missing := _missing(recipe, level, data):
                notes.append(
                    f"left out: {factor.name} {level.label}: the weights of {missing} are not there"
                    " (in `pretrained` beside the data, or downloaded by a run with this backbone)"
                )
            else:
                there.append(level)
        kept.append(replace(factor, levels=tuple(there)))
    return [factor for factor in kept if factor.levels], notes


def _missing(recipe: Recipe, level: Level, data: Path | None) -> str:
    """Return the backbone whose weights a level needs and that are not there; else nothing."""
    network = override(recipe, level.assignments).network
    if not isinstance(network, BackboneNetwork) or network == recipe.network:
        return ""
    from training.networks.backbone import has_weights_at_hand  # Imports Keras.

    varied = replace(recipe, network=network)
    return "" if has_weights_at_hand(varied, data) else network.backbone
