"""The clothing model for snapshots too, trained on two CPU cores; also the starter model."""

from dataclasses import replace

from training.recipes import clothing_cnn
from training.settings import Snapshots

RECIPE = replace(
    clothing_cnn.RECIPE,
    name="clothing-starter",
    what="small residual network, also trained on simulated snapshots, with averaged flips",
    expected="94.2% with fewer snapshots (snapshots.share=0.35) and without averaged flips,"
    " in 34 min on 2 shared cores",
    floor=0.93,
    network=replace(clothing_cnn.NETWORK, flip_averaging=True),
    snapshots=Snapshots(share=0.5),
    epochs=40,
)
