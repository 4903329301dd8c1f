"""What a network is made of: its layers, with their outputs, parameters and operations."""

import math
from dataclasses import dataclass

import keras
from keras import layers

from training.networks.backbone import untrained_backbone
from training.networks.building import network_to_fit, network_to_serve
from training.networks.calls import calls_in, narrows
from training.networks.flip_averaging import batches_after
from training.networks.pretrained import build
from training.recipe import Recipe
from training.settings import BackboneNetwork


@dataclass(frozen=True)
class LayerFacts:
    """One call of a layer.

    Attributes:
        name: of the layer.
        kind: its class in Keras.
        output: shape of its output, without the batch.
        parameters: weights; 0 if an earlier call has counted them.
        multiply_adds: operations for one photo: each weight of a kernel, once for each position of
            the output. Layers without a kernel (activations, pooling, normalisation) count as 0.
    """

    name: str
    kind: str
    output: tuple[int | None, ...]
    parameters: int
    multiply_adds: int


@dataclass(frozen=True)
class NetworkFacts:
    """A network as it is served.

    Attributes:
        layers: in the order in which they are called.
        fitted: number of parameters that training changes.
        folded: whether batch normalisation is part of the convolutions.
    """

    layers: list[LayerFacts]
    fitted: int
    folded: bool

    @property
    def parameters(self) -> int:
        """The number of weights."""
        return sum(layer.parameters for layer in self.layers)

    @property
    def multiply_adds(self) -> int:
        """The number of operations for one photo."""
        return sum(layer.multiply_adds for layer in self.layers)


@dataclass(frozen=True)
class BackboneLayer:
    """A layer of a backbone that `network.cut` can name.

    Attributes:
        name: of the layer.
        divides: whether `fine_tuning.after` can name it: all paths go through it, below the cut.
    """

    name: str
    divides: bool


def describe(recipe: Recipe, classes: int) -> NetworkFacts:
    """Build the network of a recipe with random weights, and describe it as it is served.

    Raises:
        TrainingError: the backbone can't be built.
    """
    backbone = untrained_backbone(recipe) if isinstance(recipe.network, BackboneNetwork) else None
    fitted = network_to_fit(recipe, classes, backbone)
    keras.utils.clear_session(free_memory=False)  # Keras numbers the layers without a name.
    served = network_to_serve(recipe, fitted, backbone)
    found, known, batches = [], set(), 1
    for call in calls_in(served)[1]:
        batches = batches_after(call.layer, batches)
        weights = [] if id(call.layer) in known else getattr(call.layer, "weights", [])
        known.add(id(call.layer))
        found.append(
            LayerFacts(
                call.layer.name,
                type(call.layer).__name__,
                tuple(call.output.shape[1:]),
                sum(math.prod(weight.shape) for weight in weights),
                _multiply_adds(call.layer, call.output.shape) * batches,
            )
        )
    trainable = sum(math.prod(weight.shape) for weight in fitted.trainable_variables)
    return NetworkFacts(found, trainable, _normalisations(fitted) > _normalisations(served))


def backbone_layers(recipe: Recipe) -> list[BackboneLayer]:
    """Return the layers of a recipe's uncut backbone; of other networks, none."""
    if not isinstance(recipe.network, BackboneNetwork):
        return []
    whole, _ = build(recipe.network, recipe.shape)
    names = [layer.name for layer in whole.layers if not isinstance(layer, layers.InputLayer)]
    cut = recipe.network.cut or names[-1]
    below = names[: names.index(cut)] if cut in names else []
    part = keras.Model(whole.input, whole.get_layer(cut).output) if below else whole
    meeting = {call.layer.name for call in narrows(calls_in(part, within=False)[1])} & set(below)
    return [BackboneLayer(name, name in meeting) for name in names]


def _multiply_adds(layer: layers.Layer, output: tuple[int | None, ...]) -> int:
    kernels = [each for each in getattr(layer, "weights", []) if each.name.endswith("kernel")]
    positions = math.prod(side or 0 for side in output[1:-1])
    return positions * sum(math.prod(map(int, kernel.shape)) for kernel in kernels)


def _normalisations(network: keras.Model) -> int:
    return sum(isinstance(layer, layers.BatchNormalization) for layer in network.layers)
