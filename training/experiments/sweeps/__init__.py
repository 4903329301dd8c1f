"""Sweeps: a recipe trained with many settings, and the best of them evaluated once."""
