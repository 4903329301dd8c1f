"""Predictions to rely on: calibrated probabilities, and a flag for photos unlike the training data.

After fitting, the probabilities are calibrated on the `validation_photos` (`calibration`, and
`distance_temperature` where that helps), and an out-of-distribution score
(`ood_scores`) of the network's `activations` gets a `recognition_threshold`. Both become part of
the published graph. `ood_datasets` are what the scores are evaluated on.
"""
