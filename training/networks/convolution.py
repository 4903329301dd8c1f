"""Convolutions, with batch normalisation as they are fitted, or with it folded into them."""

from dataclasses import dataclass

from keras import layers

from training.networks.normalisation import BatchNormalization
from training.settings import Tensor

NORM = "_norm"
"""Suffix of a normalisation's name, after the name of its convolution."""

MOMENTUM = 0.9
"""Of the normalisation's averages, which then follow within some ten steps: short runs need it."""


@dataclass(frozen=True)
class Convolution:
    """A 3×3 convolution and its normalisation: two layers, or one where they are folded."""

    folded: bool

    def __call__(self, hidden: Tensor, channels: int, stride: int, name: str) -> Tensor:
        """Add the layers to a symbolic tensor."""
        convolution = layers.Conv2D(
            channels, 3, strides=stride, padding="same", use_bias=self.folded, name=name
        )
        if self.folded:
            return convolution(hidden)
        return BatchNormalization(momentum=MOMENTUM, name=name + NORM)(convolution(hidden))


def plain(channels: int, size: int, stride: int, name: str) -> layers.Conv2D:
    """Return a convolution that is not normalised."""
    return layers.Conv2D(channels, size, strides=stride, padding="same", use_bias=False, name=name)


def normalised(hidden: Tensor, name: str) -> Tensor:
    """Normalise and rectify a sum of several convolutions: nothing that this folds into."""
    return layers.ReLU()(BatchNormalization(momentum=MOMENTUM, name=name)(hidden))
