"""Convolution with batch normalisation, as it is fitted, or folded into one layer."""

from dataclasses import dataclass

from keras import layers

from training.networks.builders import Tensor
from training.networks.normalisation import BatchNormalization

NORM = "_norm"
"""What a normalisation's name adds to the name of the convolution before it."""

MOMENTUM = 0.9
"""Of the normalisation's averages: such that follow within some ten steps suit short runs."""


@dataclass(frozen=True)
class Convolution:
    """Convolves 3×3 and normalises, in two layers, or in one where that is folded."""

    folded: bool

    def __call__(self, hidden: Tensor, channels: int, stride: int, name: str) -> Tensor:
        """Add the layers to a symbolic tensor."""
        convolution = layers.Conv2D(
            channels, 3, strides=stride, padding="same", use_bias=self.folded, name=name
        )
        if self.folded:
            return convolution(hidden)
        return BatchNormalization(momentum=MOMENTUM, name=name + NORM)(convolution(hidden))
