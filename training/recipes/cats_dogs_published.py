"""The published cats-and-dogs program, and the same with other backbones.

A frozen ImageNet backbone on pixels divided by 255, Flatten, Dense 256, Dropout 0.5, one sigmoid;
Adam, 10 epochs.
"""

from dataclasses import replace

from training.recipe import Recipe
from training.settings import BackboneNetwork, Head

_HEAD = Head(pooling="flatten", units=256, dropout=0.5, output="sigmoid")


def _published(backbone: str, head: Head = _HEAD, reference_result: str = "") -> Recipe:
    return Recipe(
        name=f"cats-dogs-{backbone.lower()}",
        model="cats-dogs",
        what=f"frozen {backbone}, Dense 256, one sigmoid, as published",
        expected="not run yet; its weights are downloaded where they are not at hand",
        reference_result=reference_result,
        floor=0.9,
        dataset="dogs-vs-cats",
        preparation="squash/1",
        shape=(150, 150, 3),
        network=BackboneNetwork(backbone=backbone, scaling="255"),
        head=head,
        epochs=10,
        batch_size=64,
        jit="off",
        optimizer="adam",
        learning_rate=1e-5,
    )


RECIPES = (
    _published("VGG16", reference_result="97.31% test accuracy on 3,750 photos"),
    _published("InceptionV3"),
    _published("ResNet50"),
    _published("InceptionResNetV2", replace(_HEAD, pooling="average")),
)
