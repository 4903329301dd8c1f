"""Figures of a trained model: evaluation, intervals, histograms."""
