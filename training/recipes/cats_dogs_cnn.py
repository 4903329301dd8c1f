"""Cats and dogs from scratch, without pretrained weights; also the starter model."""

from training.networks.residual import ResidualNetwork
from training.recipe import Recipe
from training.settings import Augmentation

RECIPE = Recipe(
    name="cats-dogs-cnn",
    model="cats-dogs",
    what="residual network from scratch, with random crops, colours and JPEG compression",
    expected="93.7% in 51 min on 2 shared cores",
    floor=0.91,
    dataset="dogs-vs-cats",
    preparation="squash/1",
    shape=(150, 150, 3),
    network=ResidualNetwork(
        stem=(24, 32),
        stem_strides=(2, 2),
        stages=(64, 128, 120),
        stage_strides=(2, 2, 2),
        blocks=(1, 1, 1),
        dropout=0.3,
    ),
    augmentation=Augmentation(
        flip=True,
        crop_area=0.5,
        crop_aspect=1.2,
        brightness=2.5,
        contrast=0.2,
        colour=0.1,
        jpeg=30,
    ),
    epochs=36,
    batch_size=64,
    fit_size=128,
    optimizer="adamw",
    learning_rate=0.002,
    schedule="cosine",
    warmup_epochs=1.0,
    weight_decay=0.05,
    label_smoothing=0.05,
    averaging=0.998,
    precision="mixed_bfloat16",
)
