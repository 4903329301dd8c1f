"""The dense network: one hidden layer over the pixels."""

from keras import layers

from training.networks.builders import Tensor, features_of
from training.recipe import DenseNetwork


@features_of.register
def _dense_features(network: DenseNetwork, image: Tensor, folded: bool) -> Tensor:
    scaled = layers.Rescaling(1 / 255, name="scale")(image)
    flat = layers.Flatten(name="flatten")(scaled)
    return layers.Dense(network.units, activation="relu", name="hidden")(flat)
