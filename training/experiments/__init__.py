"""Experiments: sweeps over settings, comparisons of recipes, and measurements of speed."""
