"""Batch normalisation by TensorFlow's fused kernel, where Keras computes with TensorFlow.

Keras composes it of a dozen operations in float32, each of which reads all activations: on a
processor with bfloat16 arithmetic they take as long as the convolutions themselves.
"""

import importlib
from typing import Any

import keras
from keras import layers


# Networks that runs have saved name this module: it can't be renamed.
class BatchNormalization(layers.BatchNormalization):  # type: ignore[misc]  # Keras has no types.
    """Keras's layer, but faster to fit; weights, averages and outputs are the same."""

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        """Normalise by the batch's moments while fitting, else by the moving averages."""
        if not (training and self.trainable) or keras.backend.backend() != "tensorflow":
            return super().call(inputs, training=training, mask=mask)
        outputs, mean, variance = _fused(inputs, self.gamma, self.beta, self.epsilon)
        for average, found in ((self.moving_mean, mean), (self.moving_variance, variance)):
            average.assign(average * self.momentum + found * (1 - self.momentum))
        return outputs


def _fused(inputs: Any, gamma: Any, beta: Any, epsilon: float) -> tuple[Any, Any, Any]:
    """Return the normalised inputs, their mean and their variance, by channel."""
    tensorflow = importlib.import_module("tensorflow")  # Absent where Keras computes with JAX.
    outputs, mean, variance, *_ = tensorflow.raw_ops.FusedBatchNormV3(
        x=inputs,
        scale=tensorflow.convert_to_tensor(gamma),
        offset=tensorflow.convert_to_tensor(beta),
        mean=tensorflow.zeros([0]),
        variance=tensorflow.zeros([0]),
        epsilon=epsilon,
        exponential_avg_factor=1.0,
        is_training=True,
    )
    return outputs, mean, variance
