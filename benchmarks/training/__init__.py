"""Recipes for Fashion-MNIST compared with published programs."""
