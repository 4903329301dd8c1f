"""The features that a frozen backbone computes of photos: computed once, then read from the cache.

Each view takes one pass over all photos of a store: the photos as they are, mirrored, and varied by
the recipe's augmentation. Another label, split, head or seed needs no further pass.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import keras
import numpy as np
from rich.console import Console

from training.data.augmentation import Augmenter
from training.data.cache import cached
from training.data.datasets import Addition, DataSet, Joined, Photos, Rows, Split
from training.data.prepared_photos import PhotoStore
from training.errors import TrainingError
from training.networks.backbone import Backbone
from training.networks.prediction import predict_batch
from training.progress_bars import ProgressCallback, counting
from training.provenance import source_digest
from training.recipe import Recipe
from training.settings import BackboneNetwork

_BATCH = 64
_FORMAT = 1  # Of the files in a cache entry; to be increased when they change.
_SEED = 0  # Of the variations: all runs share them.


@dataclass(frozen=True)
class View:
    """A transformation of each photo.

    Attributes:
        name: identifies it and everything it depends on, for the cache.
        transform: from uint8 `[batch, height, width, channels]` and the row of the first photo to
            the same shape.
    """

    name: str
    transform: Callable[[np.ndarray, int], np.ndarray]


def with_features(recipe: Recipe, data: DataSet, backbone: Backbone, console: Console) -> DataSet:
    """Add the features of a recipe's frozen backbone to a data set.

    Args:
        recipe: says of which views of the training photos.
        data: the photos.
        backbone: of `training.networks.backbone.load_backbone`.
        console: shows progress.

    Returns:
        The data set with the backbone and the features: of each view of the training photos, and of
        the other photos as they are.

    Raises:
        TrainingError: the data has no photos, or the cache cannot be written.
    """
    if data.store is None:
        raise TrainingError(f"{recipe.name}: {data.name} has no photos for a backbone")
    views = _computed(recipe, data.store, backbone, console)

    def completed(part: Addition | None) -> Addition | None:
        if part is None or part.store is None:
            return part
        same = part.store is data.store
        theirs = views if same else _computed(recipe, part.store, backbone, console)
        training, validation, test = _splits_with(theirs, part.splits)
        return replace(part, training=training, validation=validation, test=test)

    training, validation, test = _splits_with(views, data.splits)
    data = replace(data, own=completed(data.own), others=completed(data.others))
    return replace(data, training=training, validation=validation, test=test, backbone=backbone)


def _computed(
    recipe: Recipe, store: PhotoStore, backbone: Backbone, console: Console
) -> list[Photos]:
    """Return the features of each view of all photos of a store."""
    if store.parts:
        parts = [_computed(recipe, part, backbone, console) for part in store.parts]
        return [Joined(view) for view in zip(*parts, strict=True)]
    views: list[Photos] = []
    for view in _views(recipe, len(store.pixels)):
        with counting(console, f"features of photos ({view.name.partition('/')[0]})") as progress:
            views.append(features(backbone, store, view, progress))
    return views


def _splits_with(views: Sequence[Photos], splits: Sequence[Split]) -> Iterator[Split]:
    """Yield the splits with features: training photos with those of every view."""
    for split, count in zip(splits, (None, 1, 1), strict=True):
        if split.rows is not None:
            yield replace(split, features=tuple(Rows(view, split.rows) for view in views[:count]))


def features(
    backbone: Backbone, store: PhotoStore, view: View, progress: ProgressCallback
) -> np.ndarray:
    """Return the features of all photos of a store, `[photos, …]`, mapped from a file.

    Vectors are float32; feature maps, which are large, are float16. `progress` is called with the
    number of photos done and of all photos.
    """
    shape = (len(store.pixels), *backbone.frozen.output_shape[1:])
    dtype = np.dtype(np.float16 if len(shape) == 4 else np.float32)
    key = f"features/{store.digest}/{view.name}/{backbone.digest}/{dtype}/{_FORMAT}"

    def write(folder: Path) -> None:
        _write(folder / "features", backbone.frozen, store.pixels, view, dtype, progress)

    def read(folder: Path) -> np.ndarray:
        return np.memmap(folder / "features", dtype, "r", shape=shape)

    return cached(key, write, read)


def _views(recipe: Recipe, photos: int) -> Iterator[View]:
    """Yield the views that a recipe uses, the unchanged photos first."""
    network, varied = recipe.network, replace(recipe, seed=_SEED)
    yield View("plain", lambda pixels, first: pixels)
    if isinstance(network, BackboneNetwork):
        if network.mirrored:
            yield View("mirrored", lambda pixels, first: pixels[:, :, ::-1])
        for number in range(1, network.varied + 1):
            augmenter = Augmenter(varied, photos, number)
            name = f"varied {number}/{recipe.augmentation}/{source_digest(Augmenter.__module__)}"
            yield View(name, _varying(augmenter))


def _varying(augmenter: Augmenter) -> Callable[[np.ndarray, int], np.ndarray]:
    def transform(pixels: np.ndarray, first: int) -> np.ndarray:
        return np.stack([augmenter(photo, first + row) for row, photo in enumerate(pixels)])

    return transform


def _write(
    path: Path,
    frozen: keras.Model,
    pixels: np.ndarray,
    view: View,
    dtype: np.dtype,
    progress: ProgressCallback,
) -> None:
    """Append features row by row, resuming an interrupted pass."""
    limits = np.finfo(dtype)
    row = int(np.prod(frozen.output_shape[1:])) * dtype.itemsize
    done = path.stat().st_size // row // _BATCH * _BATCH if path.exists() else 0
    with open(path, "ab") as file:
        file.truncate(done * row)
        for first in range(done, len(pixels), _BATCH):
            batch = np.ascontiguousarray(view.transform(pixels[first : first + _BATCH], first))
            values = np.clip(predict_batch(frozen, batch, _BATCH), limits.min, limits.max)
            file.write(values.astype(dtype).tobytes())
            progress(min(first + _BATCH, len(pixels)), len(pixels))
