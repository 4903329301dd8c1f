"""The residual network: a stem that makes the image small, then stages of residual blocks."""

from training.errors import UsageError
from training.settings import AtLeastOne, Count, Fraction, Network, Tensor, settings


@settings
class ResidualNetwork(Network):
    """3×3 convolutions with batch normalisation, residual blocks, global average pooling, softmax.

    The stem makes the image small before anything costly happens; a 2-core machine trains it.
    """

    stem: tuple[AtLeastOne, ...] = (24, 32)
    """Channels of the first convolutions."""
    stem_strides: tuple[AtLeastOne, ...] = (2, 2)
    """The stride of each of them."""
    stages: tuple[AtLeastOne, ...] = (64, 128, 128)
    """Channels of each stage, which begins with a convolution."""
    stage_strides: tuple[AtLeastOne, ...] = (2, 2, 2)
    """The stride of that convolution."""
    blocks: tuple[Count, ...] = (1, 1, 1)
    """Residual blocks (two convolutions each) of each stage."""
    dropout: Fraction = 0.2
    """Fraction of the pooled features dropped while fitting."""
    flip_averaging: bool = False
    """Average the served features of each photo and its mirror image: twice the operations."""

    def __post_init__(self) -> None:
        """Check that each convolution of the stem and each stage has its numbers."""
        if len(self.stem_strides) != len(self.stem):
            raise UsageError(f"stem_strides has one number for each of stem, {len(self.stem)}")
        for name in ("stage_strides", "blocks"):
            if len(getattr(self, name)) != len(self.stages):
                raise UsageError(f"{name} has one number for each of stages, {len(self.stages)}")

    def features(self, image: Tensor, folded: bool) -> Tensor:
        """Build the layers up to dropout."""
        from keras import layers

        from training.networks.convolution import Convolution
        from training.networks.flip_averaging import MeanOfBoth, WithMirrorImages

        convolution = Convolution(folded)
        averaged = folded and self.flip_averaging
        image = WithMirrorImages(name="with_mirror_images")(image) if averaged else image
        hidden = layers.Rescaling(1 / 127.5, offset=-1, name="scale")(image)
        stem = zip(self.stem, self.stem_strides, strict=True)
        for index, (channels, stride) in enumerate(stem):
            hidden = layers.ReLU()(convolution(hidden, channels, stride, f"stem{index}"))
        stages = zip(self.stages, self.stage_strides, self.blocks, strict=True)
        for stage, (channels, stride, blocks) in enumerate(stages):
            hidden = layers.ReLU()(convolution(hidden, channels, stride, f"stage{stage}"))
            for block in range(blocks):
                name = f"stage{stage}_block{block}"
                inner = layers.ReLU()(convolution(hidden, channels, 1, f"{name}_first"))
                inner = convolution(inner, channels, 1, f"{name}_second")
                hidden = layers.ReLU()(layers.Add()([hidden, inner]))
        pooled = layers.GlobalAveragePooling2D(name="pool")(hidden)
        pooled = MeanOfBoth(name="mean_of_both")(pooled) if averaged else pooled
        return layers.Dropout(self.dropout, name="dropout")(pooled)
