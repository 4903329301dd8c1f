"""Fitting a network: epochs, checkpoints, devices, cached features of frozen backbones."""
