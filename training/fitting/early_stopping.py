"""Early stopping: fitting ends once the validation loss has not fallen for a number of epochs."""

import math

import keras
import numpy as np

from training.fitting.checkpoints import BestEpoch


class EarlyStopping(keras.callbacks.Callback):  # type: ignore[misc]  # Keras has no types.
    """Keeps the weights of the epoch with the lowest validation loss, and stops the fit.

    Keras's own `EarlyStopping` keeps them in memory only: a resumed run would not have them. Here
    they are part of each checkpoint. It must come before `AveragedWeights`, so that it keeps the
    weights that were evaluated.
    """

    def __init__(self, patience: int) -> None:
        """Stop after this number of epochs without a lower loss; 0: never, and keep no weights."""
        super().__init__()
        self._patience = patience
        self.best: BestEpoch | None = None

    def on_epoch_begin(self, epoch: int, logs: object = None) -> None:
        """Note the epoch."""
        self._epoch = epoch + 1

    def on_test_end(self, logs: dict[str, float] | None = None) -> None:
        """Keep the weights if they are the best ones."""
        loss = float((logs or {})["loss"])
        if self._patience and loss < (self.best.loss if self.best else math.inf):
            weights = [np.array(weight) for weight in self.model.get_weights()]
            self.best = BestEpoch(self._epoch, loss, weights)

    def on_epoch_end(self, epoch: int, logs: object = None) -> None:
        """Stop the fit if it is time to."""
        if self.is_due(epoch + 1):
            self.model.stop_training = True

    def is_due(self, epochs: int) -> bool:
        """Whether fitting ends after this number of epochs."""
        best = self.best.epoch if self.best else 0
        return 0 < self._patience <= epochs - best

    def restore(self, network: keras.Model) -> None:
        """Set the best weights, if any."""
        if self.best:
            network.set_weights(self.best.weights)
