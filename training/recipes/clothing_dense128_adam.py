"""The published basic-classification tutorial: one hidden layer, as its authors train it.

5% of the training photos are kept for validation, which its authors used for training.
"""

from training.networks.dense import DenseNetwork
from training.recipe import Recipe

RECIPE = Recipe(
    name="clothing-dense128-adam",
    model="clothing",
    what="Flatten, Dense 128; Adam, 5 epochs, on 95% of the photos: a published tutorial (87.93%)",
    expected="87.5% (mean of 3 seeds) in 0.5 min on 2 cores",
    reference_result="87.93% of the test photos",
    floor=0.86,
    dataset="fashion-mnist",
    preparation="garment/1",
    shape=(28, 28, 1),
    network=DenseNetwork(units=128),
    held_out=0.05,
    epochs=5,
    batch_size=32,
    optimizer="adam",
    learning_rate=0.001,
)
