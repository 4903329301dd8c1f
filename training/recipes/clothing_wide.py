"""The most accurate clothing model, for a GPU: a wide residual network."""

from training.networks.wide import WideNetwork
from training.recipe import Recipe
from training.settings import Augmentation, Snapshots

RECIPE = Recipe(
    name="clothing-wide",
    model="clothing",
    what="wide residual network 22-8, cutout, averaged weights; for a GPU",
    expected="95.9% in 6 min on one H100",
    floor=0.95,
    dataset="fashion-mnist",
    preparation="garment/2",
    shape=(28, 28, 1),
    network=WideNetwork(stage_blocks=3, width=8),
    augmentation=Augmentation(flip=True, shift=4, cutout=14),
    snapshots=Snapshots(share=0.25),
    held_out=0.05,
    epochs=140,
    batch_size=256,
    optimizer="sgd",
    momentum=0.9,
    learning_rate=0.2,
    schedule="cosine",
    warmup_epochs=5.0,
    weight_decay=0.005,
    label_smoothing=0.1,
    averaging=0.999,
    precision="mixed_bfloat16",
    steps_per_call=37,
)
