"""The parts of a recipe, each field with its bounds and its description beside it.

No framework is imported here: recipes are read and listed within a moment.
"""

from training.settings.augmentation import Augmentation, Snapshots
from training.settings.fields import (
    AtLeastOne,
    Count,
    Factor,
    Fraction,
    NotNegative,
    Share,
    settings,
)
from training.settings.networks import BackboneNetwork, FineTuning, Head, Network, Tensor

__all__ = [
    "AtLeastOne",
    "Augmentation",
    "BackboneNetwork",
    "Count",
    "Factor",
    "FineTuning",
    "Fraction",
    "Head",
    "Network",
    "NotNegative",
    "Share",
    "Snapshots",
    "Tensor",
    "settings",
]
