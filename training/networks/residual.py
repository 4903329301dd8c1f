"""The residual network: a stem that makes the image small, then stages of residual blocks."""

from keras import layers

from training.networks.builders import Tensor, features_of
from training.networks.convolution import Convolution
from training.recipe import ResidualNetwork


@features_of.register
def _residual_features(network: ResidualNetwork, image: Tensor, folded: bool) -> Tensor:
    convolution = Convolution(folded)
    hidden = layers.Rescaling(1 / 127.5, offset=-1, name="scale")(image)
    stem = zip(network.stem, network.stem_strides, strict=True)
    for place, (channels, stride) in enumerate(stem):
        hidden = layers.ReLU()(convolution(hidden, channels, stride, f"stem{place}"))
    stages = zip(network.stages, network.stage_strides, network.blocks, strict=True)
    for stage, (channels, stride, blocks) in enumerate(stages):
        hidden = layers.ReLU()(convolution(hidden, channels, stride, f"stage{stage}"))
        for block in range(blocks):
            name = f"stage{stage}_block{block}"
            inner = layers.ReLU()(convolution(hidden, channels, 1, f"{name}_first"))
            inner = convolution(inner, channels, 1, f"{name}_second")
            hidden = layers.ReLU()(layers.Add()([hidden, inner]))
    pooled = layers.GlobalAveragePooling2D(name="pool")(hidden)
    return layers.Dropout(network.dropout, name="dropout")(pooled)
