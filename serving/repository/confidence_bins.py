"""The bins in which the probability of the predicted class is counted, live and in model cards."""

# Finer towards 1, where a trained classifier's confidences lie: with bins of equal width nearly all
# would be in the last, and a population stability index would see no change.
CONFIDENCES = (0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 0.999)
"""Upper bounds, each part of its bin, as Prometheus has it; one more bin is above the last."""
