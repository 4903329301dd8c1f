"""The best clothing model that two CPU cores train in a coffee break; also the starter model."""

from training.recipe import Recipe, ResidualNetwork
from training.variation import Augmentation

RECIPE = Recipe(
    name="clothing-cnn",
    model="clothing",
    what="small residual network, flips and shifts",
    expected="92.9% in 15 min on 2 cores",
    floor=0.915,
    dataset="fashion-mnist",
    preparation="garment/1",
    shape=(28, 28, 1),
    network=ResidualNetwork(
        stem=(32,),
        stem_strides=(2,),
        stages=(48, 96),
        stage_strides=(1, 2),
        blocks=(1, 1),
        dropout=0.2,
    ),
    augmentation=Augmentation(flip=True, shift=2),
    held_out=0.05,
    epochs=16,
    batch_size=128,
    optimizer="adamw",
    learning_rate=0.003,
    schedule="cosine",
    warmup_epochs=1.0,
    weight_decay=0.02,
    label_smoothing=0.05,
    precision="mixed_bfloat16",
)
