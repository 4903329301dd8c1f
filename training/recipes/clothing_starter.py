"""The clothing model for snapshots too, trained on two CPU cores; also the starter model."""

from training.networks.residual import ResidualNetwork
from training.recipe import Recipe
from training.settings import Augmentation, Snapshots

RECIPE = Recipe(
    name="clothing-starter",
    model="clothing",
    what="small residual network, also trained on simulated snapshots",
    expected="94.2% in 34 min on 2 shared cores",
    floor=0.93,
    dataset="fashion-mnist",
    preparation="garment/2",
    shape=(28, 28, 1),
    network=ResidualNetwork(
        stem=(16,),
        stem_strides=(1,),
        stages=(48, 96),
        stage_strides=(2, 2),
        blocks=(1, 1),
        dropout=0.2,
    ),
    augmentation=Augmentation(flip=True, shift=2),
    snapshots=Snapshots(share=0.35),
    held_out=0.05,
    epochs=40,
    batch_size=128,
    optimizer="adamw",
    learning_rate=0.004,
    schedule="cosine",
    warmup_epochs=2.0,
    weight_decay=0.05,
    label_smoothing=0.05,
    precision="mixed_bfloat16",
)
