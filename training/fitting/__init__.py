"""Fitting a network: epochs, checkpoints, devices, features of frozen backbones."""
