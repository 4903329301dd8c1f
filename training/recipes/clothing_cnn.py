"""The best clothing model that two CPU cores train in 15 minutes, for shop photos."""

from training.networks.residual import ResidualNetwork
from training.recipe import Recipe
from training.settings import Augmentation

NETWORK = ResidualNetwork(
    stem=(16,),
    stem_strides=(1,),
    stages=(48, 96),
    stage_strides=(2, 2),
    blocks=(1, 1),
    dropout=0.2,
)

RECIPE = Recipe(
    name="clothing-cnn",
    model="clothing",
    what="small residual network, with flips and shifts",
    expected="93.8% in 14 min on 2 cores",
    floor=0.915,
    dataset="fashion-mnist",
    preparation="garment/2",
    shape=(28, 28, 1),
    network=NETWORK,
    augmentation=Augmentation(flip=True, shift=2),
    held_out=0.05,
    epochs=24,
    batch_size=128,
    optimizer="adamw",
    learning_rate=0.004,
    schedule="cosine",
    warmup_epochs=2.0,
    weight_decay=0.05,
    label_smoothing=0.05,
    precision="mixed_bfloat16",
)
