"""Any folder of photos, by a head on a frozen backbone: `images-<backbone>`."""

from dataclasses import replace

from training.recipe import ANY_PHOTOS, Recipe
from training.recipes import cats_dogs_mobilenet
from training.settings import BackboneNetwork, Head

RECIPE = Recipe(
    name="images-mobilenet",
    model="images",
    what="your photos, a folder for each class, with --name NAME: frozen MobileNet and a head;"
    " images-<backbone>: any other backbone",
    expected="87.4% for 5 flowers, about 90 test photos (mean of 5 splits); 1 min on 2 cores",
    dataset=ANY_PHOTOS,
    preparation="squash/1",
    shape=(224, 224, 3),
    network=replace(cats_dogs_mobilenet.NETWORK, mirrored=True),
    head=Head(pooling="average", units=256, dropout=0.5),
    epochs=30,
    batch_size=32,
    jit="off",
    optimizer="adamw",
    learning_rate=0.001,
    schedule="cosine",
    weight_decay=0.01,
    recognition="feature-distance",
)

# fmt: off
_BACKBONES = (
    "ConvNeXtTiny", "ConvNeXtSmall", "ConvNeXtBase", "ConvNeXtLarge", "ConvNeXtXLarge",
    "DenseNet121", "DenseNet169", "DenseNet201", "EfficientNetB0", "EfficientNetB1",
    "EfficientNetB2", "EfficientNetB3", "EfficientNetB4", "EfficientNetB5", "EfficientNetB6",
    "EfficientNetB7", "EfficientNetV2B0", "EfficientNetV2B1", "EfficientNetV2B2",
    "EfficientNetV2B3", "EfficientNetV2L", "EfficientNetV2M", "EfficientNetV2S",
    "InceptionResNetV2", "InceptionV3", "MobileNetV2", "MobileNetV3Large", "MobileNetV3Small",
    "NASNetLarge", "NASNetMobile", "ResNet101", "ResNet101V2", "ResNet152", "ResNet152V2",
    "ResNet50", "ResNet50V2", "VGG16", "VGG19", "Xception",
)
# fmt: on
"""Keras's names, so that recipes are found without importing Keras."""

_INPUT_SIDES = {"NASNetLarge": 331, "InceptionV3": 299, "InceptionResNetV2": 299, "Xception": 299}


def images_recipe(name: str) -> Recipe | None:
    """Return the recipe of `images-<backbone>`, for the uncut backbone; None if there is none."""
    known = {f"images-{backbone.lower()}": backbone for backbone in _BACKBONES}
    if name not in known:
        return None
    backbone = known[name]
    side = _INPUT_SIDES.get(backbone, 224)
    return replace(
        RECIPE,
        name=name,
        what=f"your photos, a folder for each class, with --name NAME: frozen {backbone}, a head",
        expected="not run yet; its weights are downloaded where they are not at hand",
        shape=(side, side, 3),
        network=BackboneNetwork(backbone=backbone, mirrored=True),
    )
