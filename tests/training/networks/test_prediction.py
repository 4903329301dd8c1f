from collections.abc import Callable

import keras
import numpy as np
import pytest

from training.networks.prediction import predict_batch, predict_batches


@pytest.fixture
def traced() -> tuple[keras.Model, Callable[[], int]]:
    """Return a network that doubles numbers, and how often it has been traced."""
    calls: list[None] = []

    class Double(keras.layers.Layer):  # type: ignore[misc]  # Keras has no types.
        def call(self, inputs: object) -> object:
            calls.append(None)
            return 2 * inputs  # type: ignore[operator]

    numbers = keras.Input((3,))
    network = keras.Model(numbers, {"double": Double()(numbers), "same": numbers})
    network.compile(jit_compile=False)
    calls.clear()
    return network, lambda: len(calls)


@pytest.mark.parametrize("count", [1, 4, 9])
def test_outputs_are_those_of_the_inputs_alone(
    traced: tuple[keras.Model, Callable[[], int]], count: int
) -> None:
    network, _ = traced
    inputs = np.arange(3 * count, dtype=np.float32).reshape(count, 3)

    found = predict_batches(network, inputs, 4)

    doubled = np.concatenate([each["double"] for each in found])
    assert np.array_equal(doubled, 2 * inputs)
    assert np.array_equal(np.concatenate([each["same"] for each in found]), inputs)


def test_a_network_is_traced_once_for_all_batches(
    traced: tuple[keras.Model, Callable[[], int]],
) -> None:
    network, traces = traced
    predict_batch(network, np.ones((4, 3), np.float32), 4)
    first = traces()

    for count in (1, 3, 2, 4):
        predict_batch(network, np.ones((count, 3), np.float32), 4)

    assert traces() == first
