import keras
import numpy as np
import pytest

from training.networks.normalisation import BatchNormalization

INPUTS = np.random.default_rng(0).normal(3, 2, (64, 5, 5, 3)).astype(np.float32)


def layers() -> tuple[keras.Layer, keras.Layer]:
    """Return ours and Keras's, with the same weights."""
    pair = (BatchNormalization(momentum=0.5), keras.layers.BatchNormalization(momentum=0.5))
    for layer in pair:
        layer.build(INPUTS.shape)
        layer.gamma.assign([1.0, 2.0, 3.0])
        layer.beta.assign([0.0, 1.0, 2.0])
    return pair


@pytest.mark.parametrize("training", [True, False])
def test_the_output_equals_that_of_keras(training: bool) -> None:
    ours, theirs = layers()

    assert np.allclose(
        ours(INPUTS, training=training), theirs(INPUTS, training=training), atol=1e-4
    )


def test_fitting_moves_the_averages_towards_the_batch() -> None:
    ours, theirs = layers()

    for layer in (ours, theirs):
        layer(INPUTS, training=True)

    assert np.allclose(ours.moving_mean, theirs.moving_mean, atol=1e-4)
    # The kernel divides by one less than the number of values: here 1,600.
    assert np.allclose(ours.moving_variance, theirs.moving_variance, rtol=1e-3)
    assert not np.allclose(ours.moving_mean, 0, atol=0.1)


def test_a_frozen_layer_uses_its_averages_and_keeps_them() -> None:
    ours, _ = layers()
    ours.trainable = False

    outputs = ours(INPUTS, training=True)

    assert np.allclose(outputs, ours(INPUTS, training=False))
    assert np.allclose(ours.moving_mean, 0)
