"""Handwritten digits from flattened pixels: a published tutorial, as its authors train it.

5% of the training images are kept for validation, which its authors used for training.
"""

from training.networks.dense import DenseNetwork
from training.recipe import Recipe

RECIPE = Recipe(
    name="digits-dense800-adam",
    model="digits",
    what="Flatten, Dense 800; Adam, 20 epochs, on 95% of the photos: a published tutorial",
    expected="98.3% (mean of 3 seeds; training: 99.7%) in 1 min on 2 cores",
    reference_result="99.87% of the training images",
    floor=0.97,
    dataset="mnist",
    preparation="garment/1",
    shape=(28, 28, 1),
    network=DenseNetwork(units=800),
    held_out=0.05,
    epochs=20,
    batch_size=200,
    optimizer="adam",
    learning_rate=0.001,
)
