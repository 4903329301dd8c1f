"""The accuracy that is shown while a network is fitted."""

import keras
from keras import ops

from training.settings import Tensor


class Accuracy(keras.metrics.CategoricalAccuracy):  # type: ignore[misc]  # Keras has no types.
    """The share of photos with a class that are predicted right; others have no right answer."""

    def __init__(self) -> None:
        super().__init__(name="accuracy")

    def update_state(
        self, y_true: Tensor, y_pred: Tensor, sample_weight: Tensor | None = None
    ) -> None:
        """Count a batch: targets and probabilities are float32 `[batch, classes]`.

        `sample_weight` is never given: the metric is not one of Keras's `weighted_metrics`.
        """
        # The target of a photo with a class is one-hot, that of another one uniform.
        has_class = ops.cast(ops.max(y_true, axis=-1) > ops.min(y_true, axis=-1) + 0.5, "float32")
        super().update_state(y_true, y_pred, has_class)
