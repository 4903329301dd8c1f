"""Networks of `keras.applications`: by name, with their files of weights and scaling of pixels."""

import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from unittest.mock import patch

import keras
import numpy as np
from keras import layers
from keras.src.utils import file_utils

from training.downloads import Download
from training.errors import TrainingError
from training.settings import BackboneNetwork, Tensor


def backbone_names() -> list[str]:
    """Return the names of all networks of `keras.applications`."""
    return [known for known in dir(keras.applications) if known[0].isupper()]


def _constructor(name: str) -> Callable[..., keras.Model]:
    known = backbone_names()
    if name not in known:
        raise TrainingError(f"Keras has no network {name!r}; it has {', '.join(known)}")
    found: Callable[..., keras.Model] = getattr(keras.applications, name)
    return found


def build(network: BackboneNetwork, shape: tuple[int, ...]) -> tuple[keras.Model, Download | None]:
    """Build a network below its classifier, with random weights.

    Returns:
        The network, and the file of the ImageNet weights that Keras publishes for it; None where
        the settings name other weights.

    Raises:
        TrainingError: Keras has no such network, or not of this shape or width.
    """
    constructor = _constructor(network.backbone)
    weights = "imagenet" if network.weights == "imagenet" else None
    width = {"alpha": network.alpha} if network.alpha else {}
    with _files_asked_for() as files, warnings.catch_warnings(action="ignore"):
        try:
            whole = constructor(input_shape=shape, include_top=False, weights=weights, **width)
        except (TypeError, ValueError) as error:
            raise TrainingError(f"{network.backbone} can't be built: {error}") from error
    if weights and not files:
        raise TrainingError(
            f"this version of Keras ({keras.version()}) does not say where the weights of"
            f" {network.backbone} are: name a file with --set network.weights=FILE"
        )
    return whole, files[0] if files else None


@contextmanager
def _files_asked_for() -> Iterator[list[Download]]:
    """Collect the files that constructors of Keras ask for; they download and load nothing.

    Only the constructors know their files: name, URL and hash (MD5 or SHA-256; the first two
    MobileNets have none) depend on the network's width, input size and Keras's version. And only
    with `weights="imagenet"` do they build the network of those weights: EfficientNets scale their
    input by one layer more. All constructors look `get_file` up in its module when they are called.
    """
    files: list[Download] = []

    def get_file(fname: str, origin: str, file_hash: str | None = None, **_: object) -> str:
        algorithm = "sha256" if file_hash and len(file_hash) == 64 else "md5"
        files.append(Download(fname, origin, **{algorithm: file_hash}))  # type: ignore[arg-type]
        return fname

    with patch.object(file_utils, "get_file", get_file), patch.object(keras.Model, "load_weights"):
        yield files


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
