"""Keras networks: one module for each kind, with its settings and its layers.

Every network takes uint8 pixels: scaling is part of the graph. The network that is served has the
batch normalisation of the fitted one folded into its convolutions: the same function with fewer
variables and less to compute.
"""
