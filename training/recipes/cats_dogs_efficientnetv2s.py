"""Cats and dogs by a larger backbone, for a GPU: EfficientNetV2S, its upper blocks fine-tuned.

Network: Tan and Le, 2021, https://arxiv.org/abs/2104.00298.
"""

from dataclasses import replace

from training.recipes import cats_dogs_finetune
from training.settings import BackboneNetwork, FineTuning

RECIPE = replace(
    cats_dogs_finetune.RECIPE,
    name="cats-dogs-efficientnetv2s",
    what="EfficientNetV2S: a head first, then its upper blocks fine-tuned; for a GPU",
    expected="not run yet; estimated: some 30 min on one GPU",
    shape=(224, 224, 3),
    network=BackboneNetwork(backbone="EfficientNetV2S", mirrored=True, varied=2),
    fine_tuning=FineTuning(after="block5i_add", head_epochs=3, head_learning_rate=0.001),
)
