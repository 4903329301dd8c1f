"""A folder of drawn photos, the model that serves it, and attempts to replace that."""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from rich.console import Console

from tests.training.signals import evaluation, published
from training.data.datasets import DataSet
from training.data.loading import load
from training.overrides import override
from training.publishing.comparison import Candidate, reloading
from training.publishing.gate import judge
from training.publishing.gate_policy import GatePolicy
from training.publishing.training_overlap import note_training_photos
from training.publishing.training_photos import training_digests
from training.publishing.verdict import Verdict
from training.recipe import Recipe
from training.recipes import recipe_named

NAME = "letters"
COUNTS = {"a": 120, "b": 120, "c": 120}
HARD = 6  # One photo of so many has another bright pixel than that of its class.


def draw(folder: Path, counts: Mapping[str, int] = COUNTS, first: int = 0) -> Path:
    """Write photos of 2×2 pixels, all different, into a sub-folder for each class.

    Args:
        folder: created if missing.
        counts: the number of photos of each class.
        first: the number of the first photo; each number has its own pixels.
    """
    for index, (label, count) in enumerate(counts.items()):
        (folder / label).mkdir(parents=True, exist_ok=True)
        for number in range(first, first + count):
            pixels = np.random.default_rng([index, number]).integers(0, 60, (2, 2), np.uint8)
            pixels.flat[(index + (number % HARD == 0)) % 4] = 255
            Image.fromarray(pixels).save(folder / label / f"{number}.png")
    return folder


def letters_recipe(**changes: Any) -> Recipe:
    """Return a recipe for such folders, without a floor."""
    recipe = override(recipe_named("images-mobilenet"), [])
    return replace(recipe, **{"model": NAME, "shape": (2, 2, 1), "floor": 0.0, **changes})


@dataclass(frozen=True)
class Attempt:
    """A run whose model is to be published."""

    recipe: Recipe
    folder: Path
    data: DataSet
    base: Path

    def serve(self, right: float = 0.0, **card: Any) -> int:
        """Publish a model that was trained on this data, is right on photos that are not hard."""
        described = {
            "data": {"sha256": self.data.digest, "training": len(self.data.training)},
            "trained_on": training_digests(self.data),
            "labels": self.data.labels,
            "accuracy": right or self.easy().mean(),
        }
        return published(self.base, **{**described, **card})

    def easy(self) -> np.ndarray:
        """Return which test photos the models of `serve` are right on, bool `[photos]`."""
        photos = np.asarray(self.data.test.photos).reshape(len(self.data.test), 4)
        return np.asarray(photos.argmax(axis=1) == self.data.test.classes)

    def judged(self, right: np.ndarray, policy: GatePolicy, run: Path, **started: Path) -> Verdict:
        """Return what the gate finds of a model that is right on these test photos."""
        shutil.rmtree(run, ignore_errors=True)
        run.mkdir(parents=True)
        candidate = Candidate(
            self.recipe,
            self.data,
            evaluation(self.data, right),
            note_training_photos(run, self.data, self.recipe, **started),
            reloading(self.folder, Console(quiet=True)),
        )
        return judge(candidate, self.base, policy)


def attempt(folder: Path, models: Path, **changes: Any) -> Attempt:
    """Load a folder of photos by a recipe with changes."""
    recipe = letters_recipe(**changes)
    data = load(recipe, folder, Console(quiet=True))
    return Attempt(recipe, folder, data, models / recipe.model)


def worse(right: np.ndarray, photos: int) -> np.ndarray:
    """Return what a model is right on that loses some of the first photos it was right on."""
    lost = np.flatnonzero(right)[:photos]
    return np.asarray(right & ~np.isin(np.arange(len(right)), lost))


def better(right: np.ndarray, photos: int) -> np.ndarray:
    """Return what a model is right on that gains some of the last photos it was wrong on."""
    return ~worse(~right[::-1], photos)[::-1]
