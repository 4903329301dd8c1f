"""The dense network: one or two hidden layers over the pixels."""

from training.settings import AtLeastOne, Count, Network, Tensor, settings


@settings
class DenseNetwork(Network):
    """Pixels scaled to [0, 1], flattened, hidden layers of rectified units, softmax."""

    any_size = False

    units: AtLeastOne = 128
    """Width of the hidden layer."""
    second_units: Count = 0
    """Width of a second hidden layer; 0: there is none."""
    scaled: bool = True
    """`false`: pixels as they are, 0 to 255."""

    def features(self, image: Tensor, folded: bool) -> Tensor:
        """Build the layers up to the last hidden one."""
        from keras import layers

        scaled = layers.Rescaling(1 / 255 if self.scaled else 1.0, name="scale")(image)
        flat = layers.Flatten(name="flatten")(scaled)
        hidden = layers.Dense(self.units, activation="relu", name="hidden")(flat)
        if not self.second_units:
            return hidden
        return layers.Dense(self.second_units, activation="relu", name="hidden2")(hidden)
