"""Batches of photos for Keras `fit`, as NumPy arrays, for all backends."""

from concurrent.futures import Future, ThreadPoolExecutor, wait

import keras
import numpy as np

from training.data.augmentation import Augmenter
from training.data.class_balance import class_weights
from training.data.datasets import DataSet, Split
from training.data.epoch_photos import photos_of_epoch, targets
from training.data.snapshots import SnapshotAugmenter
from training.recipe import Recipe

_WORKERS = 2  # Threads; Pillow and NumPy let others run while they work on pixels.
_AHEAD = 8  # Batches prepared in advance.


class TrainingBatches(keras.utils.PyDataset):  # type: ignore[misc]  # Keras has no types.
    """Shuffled, augmented batches; order and augmentation are functions of seed and epoch.

    Each batch is uint8 `[batch, height, width, channels]` and float32 `[batch, classes]`: one-hot,
    or the same value for each class where a photo shows none of them. With balanced class weights,
    the weights of the photos are added, float32 `[batch]`.
    With a backbone, the features of one view of each photo replace the pixels: float32
    `[batch, …]`. Photos that do not fill the last batch of an epoch are left out; each epoch leaves
    out others.
    Call `start_epoch` before each epoch: the callback `epoch_starter` does so within `fit`.
    """

    def __init__(
        self,
        data: DataSet,
        recipe: Recipe,
        first_step: int = 0,
        *,
        parallel: bool = True,
    ) -> None:
        """Cut the photos to train on into batches.

        Args:
            data: the photos; see `photos_of_epoch`.
            recipe: its seed, batch size and augmentation.
            first_step: index of the first batch, for an epoch that is continued.
            parallel: whether threads prepare the next batches while the network is fitted to one;
                otherwise each is prepared when it is needed. The batches are the same.
        """
        # Not Keras's workers: with JAX, batches that they prepared in advance reach the next epoch.
        super().__init__(workers=1)
        self.parallel = parallel
        self._pool = ThreadPoolExecutor(_WORKERS)
        self._data = data
        self._targets = targets(len(data.labels))
        self._weights = class_weights(recipe, data)
        self._recipe = recipe
        self._first_step = first_step
        self.start_epoch(0)
        self._batch_size = min(recipe.batch_size, len(self._split))

    def start_epoch(self, epoch: int) -> None:
        """Draw the order and the augmentation of an epoch."""
        self._split = photos_of_epoch(self._data, self._recipe, epoch)
        photos = len(self._split)
        self._order = np.random.default_rng([self._recipe.seed, epoch, 0]).permutation(photos)
        self._snapshots = SnapshotAugmenter(self._recipe, self._split, self._data.labels, epoch)
        self._augmenter = Augmenter(self._recipe, photos, epoch)
        random = np.random.default_rng([self._recipe.seed, epoch, 2])
        self._views = random.integers(max(1, len(self._split.features)), size=photos)
        self._pending: dict[int, Future[tuple[np.ndarray, ...]]] = {}

    def epoch_starter(self) -> keras.callbacks.Callback:
        """Return a callback for Keras, which calls it before it starts the threads of an epoch."""
        return keras.callbacks.LambdaCallback(lambda epoch, logs: self.start_epoch(epoch))

    def __len__(self) -> int:
        return len(self._split) // self._batch_size - self._first_step

    def __getitem__(self, index: int) -> tuple[np.ndarray, ...]:
        """Return batch `index` of the rest of the epoch; begin to prepare the next ones."""
        if not self.parallel:
            return self._make(index)
        for ahead in range(index, min(index + _AHEAD, len(self))):
            if ahead not in self._pending:
                self._pending[ahead] = self._pool.submit(self._make, ahead)
        return self._pending.pop(index).result()

    def cancel(self) -> None:
        """Drop the batches that are being prepared; no thread works on one when this returns."""
        pending = list(self._pending.values())
        for future in pending:
            future.cancel()
        wait(pending)
        self._pending.clear()

    def _make(self, index: int) -> tuple[np.ndarray, ...]:
        first = (self._first_step + index) * self._batch_size
        chosen = self._order[first : first + self._batch_size]
        if self._split.features:
            inputs = self._features(chosen)
        else:
            photos = self._snapshots(self._split.photos[chosen], chosen)
            inputs = self._augmenter.batch(photos, chosen)
        classes = self._split.classes[chosen]
        weights = () if self._weights is None else (self._weights[classes],)
        return inputs, self._targets[classes], *weights

    def _features(self, chosen: np.ndarray) -> np.ndarray:
        views = self._split.features
        features = np.empty((len(chosen), *views[0].shape[1:]), np.float32)
        for number, view in enumerate(views):
            seen = self._views[chosen] == number
            features[seen] = view[chosen[seen]]
        return features


class PlainBatches(keras.utils.PyDataset):  # type: ignore[misc]  # Keras has no types.
    """All photos of a split in order and unchanged; the last batch may be smaller."""

    def __init__(self, split: Split, classes: int, batch_size: int, shared_by: int = 1) -> None:
        """Cut a split into batches.

        Args:
            split: the photos.
            classes: their number.
            batch_size: maximum number of photos.
            shared_by: devices that get equal parts of each batch; the last photos, fewer than the
                devices, are left out where they can't be divided.
        """
        super().__init__(workers=1)
        self._split = split
        self._targets = np.eye(classes, dtype=np.float32)
        self._batch_size = batch_size - batch_size % shared_by
        self._photos = len(split) - len(split) % shared_by

    def __len__(self) -> int:
        return -(-self._photos // self._batch_size)

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        """Return batch `index`."""
        first = index * self._batch_size
        part = slice(first, min(first + self._batch_size, self._photos))
        return np.asarray(self._split.inputs[part]), self._targets[self._split.classes[part]]
