from dataclasses import replace

import numpy as np

from training.networks.building import network_to_fit, network_to_serve
from training.networks.dense import DenseNetwork
from training.recipes import RECIPES

RECIPE = RECIPES["clothing-dense128-adam"]
PHOTOS = np.random.default_rng(0).integers(0, 256, (3, 28, 28, 1), np.uint8)


def shapes(network: DenseNetwork) -> list[tuple[int, ...]]:
    fitted = network_to_fit(replace(RECIPE, network=network), 10)
    return [weight.shape for weight in fitted.get_weights() if weight.ndim == 2]


def test_a_second_hidden_layer_is_there_only_if_it_has_units() -> None:
    assert shapes(DenseNetwork(8)) == [(784, 8), (8, 10)]
    assert shapes(DenseNetwork(8, second_units=4)) == [(784, 8), (8, 4), (4, 10)]


def test_pixels_are_fractions_or_as_they_are() -> None:
    scaled = replace(RECIPE, network=DenseNetwork(8, second_units=4))
    plain = replace(RECIPE, network=DenseNetwork(8, second_units=4, scaled=False))
    fitted = network_to_fit(scaled, 10)
    on_pixels = network_to_fit(plain, 10)
    kernel, *others = fitted.get_weights()
    on_pixels.set_weights([kernel / 255, *others])

    served = network_to_serve(plain, on_pixels)

    expected = fitted.predict_on_batch(PHOTOS)
    assert np.allclose(served.predict_on_batch(PHOTOS), expected, atol=1e-5)
    fitted.set_weights([kernel / 255, *others])
    assert not np.allclose(fitted.predict_on_batch(PHOTOS), expected, atol=1e-3)
