"""The dense network: one hidden layer over the pixels."""

from training.settings import AtLeastOne, Network, Tensor, settings


@settings
class DenseNetwork(Network):
    """Pixels scaled to [0, 1], flattened, one hidden layer of rectified units, softmax."""

    any_size = False

    units: AtLeastOne = 128
    """Width of the hidden layer."""

    def features(self, image: Tensor, folded: bool) -> Tensor:
        """Build the layers up to the hidden one."""
        from keras import layers

        scaled = layers.Rescaling(1 / 255, name="scale")(image)
        flat = layers.Flatten(name="flatten")(scaled)
        return layers.Dense(self.units, activation="relu", name="hidden")(flat)
