"""Backbones: networks of `keras.applications` with pretrained weights, cut where a head begins.

The lower part is never fitted: its output is cached (`training.fitting.feature_cache`). With
fine-tuning, the upper part belongs to the network that is fitted; the averages of its batch
normalisation stay.
"""

import difflib
import hashlib
from dataclasses import dataclass, replace
from pathlib import Path

import keras
import numpy as np
from keras import layers
from rich.console import Console

from training.errors import TrainingError
from training.networks.pooling import mean_and_mean_square, vector_of
from training.networks.pretrained import build, scaling_of
from training.networks.weights import WeightsFile, is_at_hand, load_weights, may_be_at_hand
from training.recipe import Recipe
from training.settings import BackboneNetwork, Head, Tensor


@dataclass(frozen=True)
class Backbone:
    """A pretrained network in two parts.

    Attributes:
        frozen: from uint8 `[batch, height, width, 3]` to the features that are cached, float32: a
            map, or with average pooling `[batch, 2, channels]`, its mean and its mean square.
        upper: from these to the features under the head, with fine-tuning only.
        digest: sha256 (hexadecimal) of everything but the photos that the features depend on.
        weights: the file that its weights come from; None if they are random.
    """

    frozen: keras.Model
    upper: keras.Model | None
    digest: str
    weights: WeightsFile | None = None


def load_backbone(recipe: Recipe, data: Path | None, console: Console) -> Backbone:
    """Build the backbone of a recipe and load its weights.

    Args:
        recipe: with a `BackboneNetwork` and a head.
        data: searched first for the weights, before PHOTOLABEL_DATA.
        console: shows where the weights come from.

    Raises:
        TrainingError: there is no such network, layer or file, or the weights do not fit.
    """
    network, _ = _parts(recipe)
    keras.utils.set_random_seed(recipe.seed)  # For `weights="random"`.
    whole, published = build(network, recipe.shape)
    cut = _cut_at(whole, network.cut, "network.cut") if network.cut else whole
    weights = load_weights(network, whole, cut, published, data, console)
    return replace(_divide(recipe, cut), weights=weights)


def has_weights_at_hand(recipe: Recipe, data: Path | None) -> bool:
    """Whether `load_backbone` would find the weights of a recipe without a download."""
    network, _ = _parts(recipe)
    if not may_be_at_hand(network, data):
        return False
    whole, published = build(network, recipe.shape)
    cut = _cut_at(whole, network.cut, "network.cut") if network.cut else whole
    return is_at_hand(network, whole, cut, published, data)


def untrained_backbone(recipe: Recipe) -> Backbone:
    """Build the backbone of a recipe with random weights, which the caller replaces."""
    network, _ = _parts(recipe)
    whole, _ = build(network, recipe.shape)
    return _divide(recipe, _cut_at(whole, network.cut, "network.cut") if network.cut else whole)


def head_to_fit(recipe: Recipe, classes: int, backbone: Backbone, precision: str) -> keras.Model:
    """Build the network to fit: the upper part of the backbone, with its weights, and a new head.

    Args:
        recipe: describes the head.
        classes: columns of the output.
        backbone: of `load_backbone`; not changed.
        precision: a Keras dtype policy for all but the last layer.

    Returns:
        A model from cached features to float32 `[batch, classes]`, each row summing to 1.

    Raises:
        TrainingError: a head with one unit and not two classes.
    """
    _, head = _parts(recipe)
    if head.output == "sigmoid" and classes != 2:
        raise TrainingError(
            f"{recipe.name} has one sigmoid, which is for 2 classes, and the data has {classes}:"
            " --set head.output=softmax"
        )
    features = keras.Input(backbone.frozen.output_shape[1:], name="features")
    hidden = _in_precision(backbone.upper, precision)(features) if backbone.upper else features
    hidden = vector_of(hidden, head.pooling)
    tail = _tail(head, hidden.shape[-1], classes, precision)
    return keras.Model(features, tail(hidden), name="head")


def backbone_to_serve(recipe: Recipe, fitted: keras.Model, backbone: Backbone) -> keras.Model:
    """Put a fitted head onto its backbone.

    Args:
        recipe: the one that `fitted` was built from.
        fitted: of `head_to_fit`.
        backbone: of `load_backbone`.

    Returns:
        A model from photos to probabilities, float32, made of `backbone` and `head`.
    """
    head = head_to_fit(recipe, fitted.output_shape[-1], backbone, "float32")
    head.set_weights(fitted.get_weights())
    image = keras.Input(recipe.shape, dtype="uint8", name="image")
    name = recipe.model.replace("-", "_")
    return without_xla(keras.Model(image, head(backbone.frozen(image)), name=name))


def fitted_part(network: keras.Model) -> keras.Model:
    """Return the head of a network of `backbone_to_serve`: from features to probabilities."""
    return without_xla(network.get_layer("head"))


def without_xla(network: keras.Model) -> keras.Model:
    """Have Keras predict without XLA, which takes ten times longer on CPUs."""
    network.compile(jit_compile=jit())
    return network


def jit() -> bool | str:
    """Return Keras's `jit_compile`: off with TensorFlow, the default with JAX."""
    return False if keras.backend.backend() == "tensorflow" else "auto"


def _parts(recipe: Recipe) -> tuple[BackboneNetwork, Head]:
    if not isinstance(recipe.network, BackboneNetwork) or recipe.head is None:
        raise TypeError(f"{recipe.name} has no backbone")
    return recipe.network, recipe.head


def _divide(recipe: Recipe, cut: keras.Model) -> Backbone:
    network, head = _parts(recipe)
    lower, upper = cut, None
    if recipe.fine_tuning:
        lower = _cut_at(cut, recipe.fine_tuning.after, "fine_tuning.after")
        try:
            upper = keras.Model(lower.output, cut.output, name="upper")
        except ValueError as error:
            raise TrainingError(
                f"{network.backbone} can't be divided after {recipe.fine_tuning.after!r}: later"
                " layers also use earlier ones; choose the last layer of a block with"
                " --set fine_tuning.after"
            ) from error
    image = keras.Input(recipe.shape, dtype="uint8", name="image")
    features = lower(scaling_of(network)(image), training=False)
    if not upper and head.pooling == "average":
        features = mean_and_mean_square(features)
    frozen = without_xla(keras.Model(image, features, name="backbone"))
    frozen.trainable = False
    return Backbone(frozen, upper, _digest(recipe, frozen))


def _cut_at(whole: keras.Model, layer: str, setting: str) -> keras.Model:
    names = [inner.name for inner in whole.layers]
    if layer not in names:
        similar = ", ".join(difflib.get_close_matches(layer, names, 5, 0.4) or names[-5:])
        raise TrainingError(
            f"{setting}: {whole.name} has no layer {layer!r}; similar ones of its {len(names)} are"
            f" {similar}"
        )
    return keras.Model(whole.input, whole.get_layer(layer).output, name=whole.name)


def _in_precision(upper: keras.Model, precision: str) -> keras.Model:
    """Return a copy of the upper part in another precision; its averages are not fitted."""

    def copied(layer: layers.Layer) -> layers.Layer:
        copy = layer.__class__.from_config({**layer.get_config(), "dtype": precision})
        copy.trainable = not isinstance(layer, layers.BatchNormalization)
        return copy

    copy = keras.models.clone_model(upper, clone_function=copied)
    copy.set_weights(upper.get_weights())
    return copy


def _tail(head: Head, features: int, classes: int, precision: str) -> keras.Model:
    """Build the head after pooling, from vectors to probabilities."""
    vector = hidden = keras.Input((features,), name="vector")
    for number in range(1, head.layers + 1) if head.units else ():
        name = f"hidden{number}" if number > 1 else "hidden"
        hidden = layers.Dense(head.units, activation="relu", dtype=precision, name=name)(hidden)
    hidden = layers.Dropout(head.dropout, dtype=precision, name="dropout")(hidden)
    return keras.Model(vector, _probabilities(head, classes)(hidden), name="tail")


def tail_and_below(fitted: keras.Model) -> tuple[keras.Model, keras.Model]:
    """Return the layers of `head_to_fit` that are not the backbone's, and those below them.

    Both share their weights with the whole network.
    """
    *_, last_below, tail = fitted.layers
    return tail, keras.Model(fitted.input, last_below.output)


def _probabilities(head: Head, classes: int) -> layers.Layer:
    """Return the last layer, or a function of two: one column for each class."""
    if head.output == "softmax":
        return layers.Dense(classes, activation="softmax", dtype="float32", name="probabilities")
    hidden_to_one = layers.Dense(1, activation="sigmoid", dtype="float32", name="probability")

    def both(hidden: Tensor) -> Tensor:
        second = hidden_to_one(hidden)
        return layers.Concatenate(name="probabilities")([1 - second, second])

    return both


def _digest(recipe: Recipe, frozen: keras.Model) -> str:
    """Return the digest of a frozen network: its architecture, described, and its weights.

    Layers without weights make features of the same shape out of the same weights, so the layers
    where the network ends are named.
    """
    network, _ = _parts(recipe)
    # Only the architecture depends on which weights: see `training.networks.pretrained`.
    kind = network.weights if network.weights == "imagenet" else ""
    architecture = replace(network, weights=kind, mirrored=False, varied=0)
    after = recipe.fine_tuning.after if recipe.fine_tuning else ""
    described = (architecture, after, recipe.shape, frozen.output_shape)
    digest = hashlib.sha256(repr(described).encode())
    for weight in frozen.weights:
        digest.update(weight.path.rpartition("/")[2].encode())
        digest.update(np.asarray(keras.ops.convert_to_numpy(weight)).tobytes())
    return digest.hexdigest()
