"""A published tutorial on flattened pixels: plain gradient descent for 100 epochs."""

from training.networks.dense import DenseNetwork
from training.recipe import Recipe

RECIPE = Recipe(
    name="clothing-dense800-sgd",
    model="clothing",
    what="Flatten, Dense 800; SGD, 100 epochs: a published tutorial",
    expected="86.5% (mean of 3 seeds) in 5 min on 2 shared cores",
    reference_result="86.87% of the test photos",
    floor=0.85,
    dataset="fashion-mnist",
    preparation="garment/1",
    shape=(28, 28, 1),
    network=DenseNetwork(units=800),
    held_out=0.2,
    epochs=100,
    batch_size=200,
    optimizer="sgd",
    learning_rate=0.01,
)
