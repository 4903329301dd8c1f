"""The bins for probabilities of the predicted class, in live metrics and in model cards."""

# Finer towards 1, where most confidences of a trained classifier are: with bins of equal width
# nearly all would be in the last bin, and a population stability index would show no change.
CONFIDENCES = (0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 0.999)
"""Inclusive upper bounds, as in Prometheus; one more bin is above the last."""
