"""The patch network: what is in each square of pixels, then one hidden layer over all squares."""

from training.settings import AtLeastOne, Network, Tensor, settings

_MEAN = 0.286  # Of Fashion-MNIST's pixels in [0, 1]: the first steps learn from what differs.
_SPREAD = 0.5


@settings
class PatchNetwork(Network):
    """The same small layer over each square of pixels, one hidden layer over all, softmax."""

    any_size = False

    side: AtLeastOne = 4
    """Of the squares, in pixels; height and width are multiples of it."""
    channels: AtLeastOne = 64
    """Features of each square."""
    units: AtLeastOne = 128
    """Width of the hidden layer."""

    def shape_problem(self, shape: tuple[int, int, int]) -> str:
        """Squares have to fill the photo."""
        height, width, _ = shape
        if not (height % self.side or width % self.side):
            return ""
        return f"side divides {height} and {width}, which {self.side} does not"

    def features(self, image: Tensor, folded: bool) -> Tensor:
        """Build the layers up to the hidden one."""
        from keras import layers

        scale = 1 / (255 * _SPREAD)
        scaled = layers.Rescaling(scale, offset=-_MEAN / _SPREAD, name="scale")(image)
        squares = self._squares(scaled)
        described = layers.Dense(self.channels, activation="relu", name="patches")(squares)
        flat = layers.Flatten(name="flatten")(described)
        return layers.Dense(self.units, activation="relu", name="hidden")(flat)

    def _squares(self, pixels: Tensor) -> Tensor:
        """Cut images into squares: `[batch, rows × columns, side × side × channels]`.

        A convolution with such strides is the same, but as one matrix product it is fitted in half
        the time on a processor.
        """
        from keras import layers

        _, height, width, channels = pixels.shape
        side, rows, columns = self.side, height // self.side, width // self.side
        cut = layers.Reshape((rows, side, columns, side, channels), name="cut")(pixels)
        grouped = layers.Permute((1, 3, 2, 4, 5), name="group")(cut)
        return layers.Reshape((rows * columns, side * side * channels), name="squares")(grouped)
