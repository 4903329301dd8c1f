"""A published tutorial on flattened pixels: a wide hidden layer, as its authors train it.

5% of the training photos are kept for validation, which its authors used for training.
"""

from training.networks.dense import DenseNetwork
from training.recipe import Recipe

RECIPE = Recipe(
    name="clothing-dense512-adam",
    model="clothing",
    what="Flatten, Dense 512; Adam, 10 epochs, on 95% of the photos: a published tutorial",
    expected="88.5% (mean of 3 seeds; training: 91.6%) in 1 min on 2 cores",
    reference_result="91.7% of the training photos",
    floor=0.86,
    dataset="fashion-mnist",
    preparation="garment/1",
    shape=(28, 28, 1),
    network=DenseNetwork(units=512),
    held_out=0.05,
    epochs=10,
    batch_size=64,
    optimizer="adam",
    learning_rate=0.001,
)
