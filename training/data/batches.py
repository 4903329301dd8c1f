"""Batches of photos for Keras `fit`, as NumPy arrays, whatever the backend."""

from concurrent.futures import Future, ThreadPoolExecutor

import keras
import numpy as np

from training.data.augmentation import Augmenter
from training.data.datasets import Split
from training.data.snapshots import SnapshotAugmenter
from training.recipe import Recipe

_WORKERS = 2  # Threads; Pillow and NumPy let others run while they work on pixels.
_AHEAD = 8  # Batches made before they are asked for.


class TrainingBatches(keras.utils.PyDataset):  # type: ignore[misc]  # Keras has no types.
    """Shuffled, augmented batches; order and variation are functions of seed and epoch.

    Each batch is uint8 `[batch, height, width, channels]` and float32 `[batch, classes]` (one-hot).
    Where a backbone has made features of the photos, float32 `[batch, …]` takes the photos' place:
    of one of the views of each photo.
    What does not fill the last batch of an epoch is left out; every epoch leaves out others.
    Call `start_epoch` before each epoch: `EpochStarter` does so within `fit`.
    """

    def __init__(
        self, split: Split, labels: tuple[str, ...], recipe: Recipe, first_step: int = 0
    ) -> None:
        """Cut a split into batches.

        Args:
            split: the photos.
            labels: class names, in the order of the classes.
            recipe: its seed, batch size and augmentation.
            first_step: the batch of each epoch that is number 0 here: what a continued epoch has
                had is left out.
        """
        # Not Keras's workers: with JAX, batches that they made ahead reach the next epoch.
        super().__init__(workers=1)
        self._pool = ThreadPoolExecutor(_WORKERS)
        self._split = split
        self._labels = labels
        self._targets = np.eye(len(labels), dtype=np.float32)
        self._batch_size = min(recipe.batch_size, len(split))
        self._recipe = recipe
        self._first_step = first_step
        self.start_epoch(0)

    def start_epoch(self, epoch: int) -> None:
        """Choose the order and the variations of an epoch."""
        photos = len(self._split)
        self._order = np.random.default_rng([self._recipe.seed, epoch, 0]).permutation(photos)
        self._photographer = SnapshotAugmenter(self._recipe, self._split, self._labels, epoch)
        self._augmenter = Augmenter(self._recipe, photos, epoch)
        random = np.random.default_rng([self._recipe.seed, epoch, 2])
        self._views = random.integers(max(1, len(self._split.features)), size=photos)
        self._coming: dict[int, Future[tuple[np.ndarray, np.ndarray]]] = {}

    def __len__(self) -> int:
        return len(self._split) // self._batch_size - self._first_step

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        """Return batch number `index` of those that are left of the epoch; begin the next ones."""
        for ahead in range(index, min(index + _AHEAD, len(self))):
            if ahead not in self._coming:
                self._coming[ahead] = self._pool.submit(self._made, ahead)
        return self._coming.pop(index).result()

    def _made(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        first = (self._first_step + index) * self._batch_size
        chosen = self._order[first : first + self._batch_size]
        if self._split.features:
            inputs = self._features(chosen)
        else:
            photos = self._photographer(self._split.photos[chosen], chosen)
            inputs = self._augmenter.batch(photos, chosen)
        return inputs, self._targets[self._split.classes[chosen]]

    def _features(self, chosen: np.ndarray) -> np.ndarray:
        views = self._split.features
        features = np.empty((len(chosen), *views[0].shape[1:]), np.float32)
        for number, view in enumerate(views):
            seen = self._views[chosen] == number
            features[seen] = view[chosen[seen]]
        return features


class PlainBatches(keras.utils.PyDataset):  # type: ignore[misc]  # Keras has no types.
    """All photos of a split in order, as they are, the last batch as small as it comes."""

    def __init__(self, split: Split, classes: int, batch_size: int, shared_by: int = 1) -> None:
        """Cut a split into batches.

        Args:
            split: the photos.
            classes: how many there are.
            batch_size: at most so many photos.
            shared_by: devices that have to get equal parts of each batch; the last few photos, less
                than one for each device, are left out where they can't be shared.
        """
        super().__init__(workers=1)
        self._split = split
        self._targets = np.eye(classes, dtype=np.float32)
        self._batch_size = batch_size - batch_size % shared_by
        self._photos = len(split) - len(split) % shared_by

    def __len__(self) -> int:
        return -(-self._photos // self._batch_size)

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        """Return batch number `index`."""
        first = index * self._batch_size
        part = slice(first, min(first + self._batch_size, self._photos))
        return np.asarray(self._split.inputs[part]), self._targets[self._split.classes[part]]


class EpochStarter(keras.callbacks.Callback):  # type: ignore[misc]  # Keras has no types.
    """Tells the batches which epoch begins, before any thread asks for one."""

    def __init__(self, batches: TrainingBatches) -> None:
        super().__init__()
        self._batches = batches

    def on_epoch_begin(self, epoch: int, logs: object = None) -> None:
        """Keras calls this before it starts the threads of an epoch."""
        self._batches.start_epoch(epoch)
