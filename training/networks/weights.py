"""Pretrained weights of a backbone: found in the data folders or Keras's cache, else downloaded."""

import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import keras
from rich.console import Console

from training.console import say
from training.data.datasets import file_digest, search_folders
from training.downloads import (
    Download,
    downloads_folder,
    fault_of,
    fetch_with_bar,
    keras_folder,
)
from training.errors import TrainingError
from training.networks.pretrained import backbone_names
from training.settings import BackboneNetwork

FOLDER = "pretrained"
"""The sub-folder of data folders, and of the downloads, with files of weights."""


@dataclass(frozen=True)
class WeightsFile:
    """A file of pretrained weights, as a model card names it: its name and sha256 (hexadecimal)."""

    name: str
    sha256: str


@dataclass(frozen=True)
class _Network:
    """A built network and its part below the cut; they share layers. A file may hold either's."""

    settings: BackboneNetwork
    whole: keras.Model
    cut: keras.Model

    def __str__(self) -> str:
        where = f" cut at {self.settings.cut}" if self.settings.cut else ""
        return f"{self.settings.backbone}{where} (width {self.settings.alpha or 'default'})"

    def load(self, path: Path) -> str:
        """Load a file of weights; return why it does not fit, empty if it does."""
        faults = []
        for part in {id(part): part for part in (self.cut, self.whole)}.values():
            try:
                with warnings.catch_warnings(action="ignore"):  # The error has the same text.
                    part.load_weights(str(path))
            except Exception as error:  # Keras and h5py raise many types on invalid files.
                faults.append(_shortened(error))
            else:
                return ""
        return "; uncut: ".join(faults)


def load_weights(
    network: BackboneNetwork,
    whole: keras.Model,
    cut: keras.Model,
    published: Download | None,
    data: Path | None,
    console: Console,
) -> WeightsFile | None:
    """Load the weights that a recipe names.

    Args:
        network: the recipe's settings.
        whole: the network below its classifier.
        cut: the part of it that is used; they share layers. A file may hold weights of either.
        published: Keras's file, for `weights="imagenet"`.
        data: searched first for files.
        console: shows which file they come from.

    Returns:
        The file that they come from; None if they are random.

    Raises:
        TrainingError: there is no file, the download fails, or the weights do not fit.
    """
    if network.weights == "random":
        return None
    built = _Network(network, whole, cut)
    path = _imagenet(built, published, data) if published else _named(built, data)
    say(console, f"weights of {network.backbone}: {path}")
    return WeightsFile(path.name, file_digest(path))


def may_be_at_hand(network: BackboneNetwork, data: Path | None) -> bool:
    """Whether there is a file that could hold the weights, which is known within a moment."""
    if network.weights == "random":
        return True
    if network.weights != "imagenet":
        return any(path.is_file() for path in _named_paths(network.weights, data))
    folders = [*_folders(data), keras_folder("models"), downloads_folder(FOLDER)]
    files = (path for folder in folders for path in folder.glob("*.h5"))
    return any(_plain(network.backbone) in _plain(path.name) for path in files)


def is_at_hand(
    network: BackboneNetwork,
    whole: keras.Model,
    cut: keras.Model,
    published: Download | None,
    data: Path | None,
) -> bool:
    """Whether `load_weights` would find the weights without a download; it may load them."""
    built = _Network(network, whole, cut)
    if published is None:
        return may_be_at_hand(network, data)
    downloaded = downloads_folder(FOLDER) / published.name
    if downloaded.is_file() and not fault_of(downloaded, published):
        return True
    return _fitting(built, published, data, []) is not None


def _named(network: _Network, data: Path | None) -> Path:
    """Load the file that a recipe names."""
    path = _find(network.settings.weights, data)
    if fault := network.load(path):
        raise TrainingError(f"{path} does not hold weights of {network}: {fault}")
    return path


def _imagenet(network: _Network, published: Download, data: Path | None) -> Path:
    """Load the first file at hand that fits, or else Keras's own, downloaded."""
    passed_over: list[str] = []
    if at_hand := _fitting(network, published, data, passed_over):
        return at_hand
    try:
        path = fetch_with_bar(published, downloads_folder(FOLDER))
    except TrainingError as error:
        raise TrainingError(
            f"no ImageNet weights of {network.settings.backbone}: {error}{''.join(passed_over)}"
        ) from error
    if fault := network.load(path):  # Not every network's file has a published hash.
        path.unlink()
        raise TrainingError(
            f"{published.url} does not hold weights of {network}: {fault}; the file is removed"
        )
    return path


def _fitting(
    network: _Network, published: Download, data: Path | None, passed_over: list[str]
) -> Path | None:
    """Load the first file at hand that fits; say why others don't in `passed_over`."""
    kept = keras_folder("models") / published.name
    for path in [*_files_at_hand(network.settings.backbone, published.name, data), kept]:
        if not path.is_file():
            continue
        fault = (fault_of(path, published) if path is kept else "") or network.load(path)
        if not fault:
            return path
        passed_over.append(f"; {path} does not hold weights of {network}: {fault}")
    return None


def _files_at_hand(backbone: str, name: str, data: Path | None) -> Iterator[Path]:
    """Yield files in the data folders that may hold the ImageNet weights of a backbone.

    In each folder the file with Keras's own name comes first, then those that are named after the
    backbone.
    """
    for folder in _folders(data):
        files = sorted(folder.glob("*.h5"), key=lambda path: (path.name != name, path.name))
        yield from (path for path in files if path.name == name or _meant(path) == backbone)


def _meant(path: Path) -> str:
    """Return the backbone that a file is named after: `mobilenet_v2_1.h5` is no MobileNet's."""
    name = _plain(path.name)
    begins = (known for known in backbone_names() if name.startswith(_plain(known)))
    return max(begins, key=len, default="")


def _plain(name: str) -> str:
    return re.sub("[^a-z0-9]", "", name.lower())


def _shortened(error: Exception) -> str:
    """Return Keras's message without the values of the weights."""
    text = " ".join(str(error).split())
    for verbose in (" Target variable: ", " List of objects "):
        text = text.partition(verbose)[0]
    return text[:300]


def _folders(data: Path | None) -> list[Path]:
    """Return the folders where files of weights are looked for; some may be missing."""
    folders = search_folders(data, FOLDER)
    return list(dict.fromkeys([*folders, *(folder.parent / FOLDER for folder in folders)]))


def _named_paths(weights: str, data: Path | None) -> list[Path]:
    return [Path(weights), *(folder / weights for folder in _folders(data))]


def _find(weights: str, data: Path | None) -> Path:
    paths = _named_paths(weights, data)
    for path in paths:
        if path.is_file():
            return path
    looked = ", ".join(dict.fromkeys(str(path.parent) for path in paths))
    raise TrainingError(
        f"no weights: there is no {weights} in {looked}; name the file with"
        " --set network.weights=FILE, or its folder with --data or PHOTOLABEL_DATA"
    )
