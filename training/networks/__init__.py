"""Keras networks from their description in a recipe, as they are fitted and as they are served.

Every network takes uint8 pixels as they are: scaling is part of the graph. What is served has the
batch normalisation of what was fitted folded into its convolutions: the same function with fewer
variables and less to compute.
"""

from training.networks.building import network_to_fit, network_to_serve

__all__ = ["network_to_fit", "network_to_serve"]
