"""Tiny photos and a tiny backbone with random weights."""

import io
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image
from rich.console import Console

from training.networks.backbone import Backbone, load_backbone
from training.recipe import Recipe
from training.settings import Augmentation, BackboneNetwork, FineTuning, Head

SIDE = 32
UNAUGMENTED = Augmentation()


def with_network(
    recipe: Recipe, augmentation: Augmentation = UNAUGMENTED, **changes: object
) -> Recipe:
    """Return a recipe with changes to its backbone network, and augmentation for `varied`."""
    assert isinstance(recipe.network, BackboneNetwork)
    network = replace(recipe.network, **changes)  # type: ignore[arg-type]  # Fields by name.
    return replace(recipe, network=network, augmentation=augmentation)


def tiny(fine_tuning: FineTuning | None = None, **head: object) -> Recipe:
    """Return a recipe for photos in folders, with a narrow, shallow, random MobileNet."""
    return Recipe(
        name="images-tiny",
        model="shapes",
        what="",
        expected="",
        dataset="images",
        preparation="squash/1",
        shape=(SIDE, SIDE, 3),
        network=BackboneNetwork(cut="conv_pw_3_relu", weights="random", alpha=0.25),
        head=Head(**{"units": 8, "dropout": 0.0, **head}),  # type: ignore[arg-type]  # Fields by name.
        fine_tuning=fine_tuning,
        epochs=2,
        batch_size=8,
        learning_rate=0.01,
        jit="off",
    )


def backbone_of(recipe: Recipe, data: Path | None = None) -> Backbone:
    """Return the backbone of a recipe, with weights from a folder where it names some."""
    return load_backbone(recipe, data, Console(file=io.StringIO()))


def write_photos(folder: Path, counts: Mapping[str, int], first: int = 0) -> Path:
    """Write PNGs of noise into a sub-folder for each class; each class has a colour.

    Args:
        folder: created if missing.
        counts: the number of photos of each class.
        first: the number of the first photo; each number has its own pixels.
    """
    for index, (label, count) in enumerate(counts.items()):
        (folder / label).mkdir(parents=True, exist_ok=True)
        for number in range(first, first + count):
            random = np.random.default_rng([index, number])
            pixels = random.integers(0, 80, (SIDE, SIDE, 3), np.uint8)
            pixels[..., index % 3] += 150
            Image.fromarray(pixels).save(folder / label / f"{number}.png")
    return folder
