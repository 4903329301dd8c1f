"""From pixels to the features that the last layer weighs: one builder for each kind of network."""

from functools import singledispatch
from typing import Any

from training.recipe import Network

Tensor = Any  # Keras's symbolic tensor, whatever the backend.


@singledispatch
def features_of(network: Network, image: Tensor, folded: bool) -> Tensor:
    """Build the layers of a network up to its features.

    Args:
        network: its description; each kind registers its builder.
        image: symbolic, uint8 `[batch, height, width, channels]`.
        folded: with batch normalisation folded into the convolutions, as it is served.

    Returns:
        Symbolic, `[batch, features]`.
    """
    raise TypeError(f"no builder for {type(network).__name__}")
