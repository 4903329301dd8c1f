"""Cats and dogs by a head on a frozen MobileNet: minutes, of which the head takes seconds."""

from training.recipe import Recipe
from training.settings import BackboneNetwork, Head

NETWORK = BackboneNetwork(backbone="MobileNet", cut="conv_pw_12_relu")

RECIPE = Recipe(
    name="cats-dogs-mobilenet",
    model="cats-dogs",
    what="frozen MobileNet, cut below its last block, and a small head",
    expected="97.9% (mean of 3 splits) in 3 to 5 min on 2 shared cores",
    floor=0.965,
    dataset="dogs-vs-cats",
    preparation="squash/1",
    shape=(180, 180, 3),
    network=NETWORK,
    head=Head(pooling="average", units=256, dropout=0.5),
    epochs=10,
    batch_size=128,
    jit="off",
    optimizer="adamw",
    learning_rate=0.001,
    schedule="cosine",
    weight_decay=0.01,
)
