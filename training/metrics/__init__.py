"""Figures of a trained model: evaluation, confidence intervals, histograms."""
