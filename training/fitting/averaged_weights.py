"""Validation with the averaged weights of a recipe's `averaging`: those that are published."""

import keras
import numpy as np


class AveragedWeights(keras.callbacks.Callback):  # type: ignore[misc]  # Keras has no types.
    """Evaluates the network with the averaged weights, and continues with those of the last step.

    Keras's own `SwapEMAWeights` swaps them by adding and subtracting with TensorFlow: fitting would
    continue with rounded weights. Call `undo` before writing a checkpoint during validation.
    """

    def __init__(self) -> None:
        super().__init__()
        self._last: list[np.ndarray] = []

    def on_test_begin(self, logs: object = None) -> None:
        """Set the averaged weights."""
        variables = self.model.trainable_variables
        self._last = _copies(variables)
        self.model.optimizer.finalize_variable_values(variables)
        # As copies: JAX would free the memory of the averages, too, when it updates the weights.
        _assign(variables, _copies(variables))

    def on_test_end(self, logs: object = None) -> None:
        """Set the weights of the last step."""
        self.undo()

    def undo(self) -> None:
        """Set the weights of the last step if the averaged ones are set."""
        if self._last:
            _assign(self.model.trainable_variables, self._last)
            self._last = []


def _copies(variables: list[keras.Variable]) -> list[np.ndarray]:
    return [np.array(variable.numpy()) for variable in variables]


def _assign(variables: list[keras.Variable], values: list[np.ndarray]) -> None:
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)
