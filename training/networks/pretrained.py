"""The networks of `keras.applications`: by name, with their weights and their scaling of pixels."""

import sys
import warnings
from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
from keras import layers

from training.data.datasets import file_digest, search_folders
from training.errors import TrainingError
from training.settings import BackboneNetwork, Network, Tensor


def _constructor(name: str) -> Callable[..., keras.Model]:
    known = [known for known in dir(keras.applications) if known[0].isupper()]
    if name not in known:
        raise TrainingError(f"Keras has no network {name!r}; it has {', '.join(known)}")
    found: Callable[..., keras.Model] = getattr(keras.applications, name)
    return found


def build(
    network: BackboneNetwork, shape: tuple[int, ...], weights: str | None = None
) -> keras.Model:
    """Build a network below its classifier, with ImageNet weights or new ones."""
    width = {"alpha": network.alpha} if network.alpha else {}
    constructor = _constructor(network.backbone)
    return constructor(input_shape=shape, include_top=False, weights=weights, **width)


def scaling_of(network: BackboneNetwork) -> Callable[[Tensor], Tensor]:
    """Return the function that scales uint8 pixels for a backbone.

    Keras's `preprocess_input` of each network is affine and may swap the channels: scale and
    offset are derived from its output for black and for one unit of each colour.
    """
    if network.scaling == "255":
        plain: Callable[[Tensor], Tensor] = layers.Rescaling(1 / 255, name="scale")
        return plain
    module = sys.modules[_constructor(network.backbone).__module__]
    units = np.concatenate([np.zeros((1, 3)), np.eye(3)]).astype(np.float32)[None, None]
    black, *colours = module.preprocess_input(units)[0, 0]
    gains = np.array(colours) - black  # Of each input colour for each output channel.
    order = np.abs(gains).argmax(axis=0)
    scale = gains[order, np.arange(3)]
    rescaled = layers.Rescaling(scale.tolist(), black.tolist(), name="scale")

    def scaled(image: Tensor) -> Tensor:
        return rescaled(image if (order == np.arange(3)).all() else keras.ops.flip(image, -1))

    return scaled


def load_weights(
    network: BackboneNetwork, whole: keras.Model, cut: keras.Model, data: Path | None
) -> None:
    """Load the weights that a recipe names.

    Args:
        network: the recipe's settings.
        whole: the network below its classifier.
        cut: the part of it that is used; they share layers. A file may hold weights of either.
        data: searched first for the file.

    Raises:
        TrainingError: the file is missing, the download fails, or the weights do not fit.
    """
    if network.weights == "random":
        return
    if network.weights == "imagenet":
        whole.set_weights(_imagenet(network, whole.input_shape[1:]).get_weights())
        return
    path = _find(network, data)
    faults = []
    for part in {id(part): part for part in (cut, whole)}.values():
        try:
            with warnings.catch_warnings(action="ignore"):  # The error has the same text.
                part.load_weights(str(path))
        except Exception as error:  # Keras and h5py raise many types on invalid files.
            faults.append(_shortened(error))
        else:
            return
    where = f" cut at {network.cut}" if network.cut else ""
    raise TrainingError(
        f"{path} does not hold weights of {network.backbone}{where} (width"
        f" {network.alpha or 'default'}): {'; uncut: '.join(faults)}"
    )


def weights_digest(network: Network | BackboneNetwork, data: Path | None) -> str:
    """Return the sha256 of a network's file of pretrained weights; empty if it has no file.

    Raises:
        TrainingError: the file is missing.
    """
    if not isinstance(network, BackboneNetwork) or network.weights in ("imagenet", "random"):
        return ""
    return file_digest(_find(network, data))


def _shortened(error: Exception) -> str:
    """Return Keras's message without the values of the weights."""
    text = " ".join(str(error).split())
    for verbose in (" Target variable: ", " List of objects "):
        text = text.partition(verbose)[0]
    return text[:300]


def _imagenet(network: BackboneNetwork, shape: tuple[int, ...]) -> keras.Model:
    try:
        return build(network, shape, "imagenet")
    except Exception as error:  # Keras raises a bare Exception where it cannot download.
        raise TrainingError(
            f"the ImageNet weights of {network.backbone} can't be downloaded ({error}). Download"
            " them on a machine with a network connection (Keras keeps them in ~/.keras/models) and"
            " name the file with --set network.weights=FILE"
        ) from error


def _find(network: BackboneNetwork, data: Path | None) -> Path:
    name = Path(network.weights)
    folders = [part for part in search_folders(data, "pretrained") if part.is_dir()]
    beside = [folder.parent / "pretrained" for folder in folders]
    paths = [name, *(folder / name for folder in [*folders, *beside])]
    for path in paths:
        if path.is_file():
            return path
    looked = ", ".join(dict.fromkeys(str(path.parent) for path in paths))
    raise TrainingError(
        f"no weights: there is no {network.weights} in {looked}; name the file with"
        " --set network.weights=FILE, or its folder with --data or PHOTOLABEL_DATA"
    )
