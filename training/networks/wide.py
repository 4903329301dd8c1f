"""The wide residual network, for a GPU."""

from training.settings import AtLeastOne, Fraction, Network, Tensor, settings

_CHANNELS = (16, 32, 64)  # Of the stages of a network of width 1.


@settings
class WideNetwork(Network):
    """A wide residual network: three stages of blocks that normalise before they convolve.

    Source: Zagoruyko and Komodakis, 2016, https://arxiv.org/abs/1605.07146.
    """

    stage_blocks: AtLeastOne = 2
    """Residual blocks of each stage; the paper's depth is 6 times this, plus 4."""
    width: AtLeastOne = 8
    """The stages have 16, 32 and 64 times this number of channels."""
    dropout: Fraction = 0.0
    """Fraction dropped between the two convolutions of a block, while fitting."""

    def features(self, image: Tensor, folded: bool) -> Tensor:
        """Build the layers up to pooling."""
        from keras import layers

        from training.networks.convolution import Convolution, normalised, plain

        convolution = Convolution(folded)
        hidden = layers.Rescaling(1 / 127.5, offset=-1, name="scale")(image)
        hidden = plain(16, 3, 1, "stem")(hidden)
        for stage, channels in enumerate(channels * self.width for channels in _CHANNELS):
            for block in range(self.stage_blocks):
                stride = 2 if stage and not block else 1
                name = f"stage{stage}_block{block}"
                active = normalised(hidden, f"{name}_enter")
                # Where the shape changes, the shortcut past the block is a convolution too.
                past = hidden if block else plain(channels, 1, stride, f"{name}_past")(active)
                inner = layers.ReLU()(convolution(active, channels, stride, f"{name}_first"))
                inner = layers.Dropout(self.dropout, name=f"{name}_dropout")(inner)
                inner = plain(channels, 3, 1, f"{name}_second")(inner)
                hidden = layers.Add()([past, inner])
        return layers.GlobalAveragePooling2D(name="pool")(normalised(hidden, "leave"))
