"""Figures of a trained model: evaluation, confidence intervals, histograms."""

EVALUATION = "evaluation.json"
"""The file in a run's folder with the figures of its test split; named here without NumPy."""
