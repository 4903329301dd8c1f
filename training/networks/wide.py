"""The wide residual network, for a GPU."""

from keras import layers

from training.networks.builders import Tensor, features_of
from training.networks.convolution import MOMENTUM, Convolution
from training.networks.normalisation import BatchNormalization
from training.recipe import WideNetwork

_CHANNELS = (16, 32, 64)  # Of the stages of a network of width 1.


@features_of.register
def _wide_features(network: WideNetwork, image: Tensor, folded: bool) -> Tensor:
    convolution = Convolution(folded)
    hidden = layers.Rescaling(1 / 127.5, offset=-1, name="scale")(image)
    hidden = _plain(16, 3, 1, "stem")(hidden)
    for stage, channels in enumerate(channels * network.width for channels in _CHANNELS):
        for block in range(network.stage_blocks):
            stride = 2 if stage and not block else 1
            name = f"stage{stage}_block{block}"
            active = _activated(hidden, f"{name}_enter")
            # Where the shape changes, the way past the block is a convolution too.
            past = hidden if block else _plain(channels, 1, stride, f"{name}_past")(active)
            inner = layers.ReLU()(convolution(active, channels, stride, f"{name}_first"))
            inner = layers.Dropout(network.dropout, name=f"{name}_dropout")(inner)
            inner = _plain(channels, 3, 1, f"{name}_second")(inner)
            hidden = layers.Add()([past, inner])
    return layers.GlobalAveragePooling2D(name="pool")(_activated(hidden, "leave"))


def _plain(channels: int, size: int, stride: int, name: str) -> layers.Conv2D:
    return layers.Conv2D(channels, size, strides=stride, padding="same", use_bias=False, name=name)


def _activated(hidden: Tensor, name: str) -> Tensor:
    """Normalise and rectify a sum of several convolutions: nothing that this folds into."""
    return layers.ReLU()(BatchNormalization(momentum=MOMENTUM, name=name)(hidden))
