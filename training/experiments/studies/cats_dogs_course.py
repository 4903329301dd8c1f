"""Cats and dogs, as in a course: which head, on which frozen backbone, and what each costs.

All heads of a grid are fitted to the same cached features. A flattened map and another backbone
need features of their own, so they vary alone.
"""

from training.experiments.factors import setting, variants
from training.experiments.studies.study import Study

STUDY = Study(
    name="cats-dogs-course",
    what="units and depth of the head, dropout, Flatten against average pooling, backbones",
    recipe="cats-dogs-mobilenet",
    factors=(
        setting("head.units", 32, 64, 128, 256, 512),
        setting("head.layers", 1, 2),
        setting("head.dropout", 0.0, 0.3, 0.5, 0.7),
        setting("head.pooling", "average", "flatten", alone=True),
        variants(
            "backbone",
            {
                "MobileNet": ["network.backbone=MobileNet"],
                "MobileNetV2 (width 0.35)": [
                    "network.backbone=MobileNetV2",
                    "network.alpha=0.35",
                    "network.cut=",
                ],
                "VGG16": ["network.backbone=VGG16", "network.cut="],
                "InceptionV3": ["network.backbone=InceptionV3", "network.cut="],
                "ResNet50": ["network.backbone=ResNet50", "network.cut="],
                "InceptionResNetV2": ["network.backbone=InceptionResNetV2", "network.cut="],
            },
            alone=True,
        ),
    ),
    design="grid",
)
