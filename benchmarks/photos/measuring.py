"""The parts of the benchmark: post photos and collect the figures."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from PIL import Image

from benchmarks.photos import bars, distortions, exactness, report
from benchmarks.photos.distortions import CLEAN
from benchmarks.photos.posting import Gateway
from benchmarks.photos.scores import Score, score
from benchmarks.photos.sources import Items, garments, pets, real_garments
from benchmarks.serving.report import Bar, Page
from training.publishing.published_model import PublishedModel
from training.publishing.training_overlap import split_seed

_PAIRS = 100  # Photos compared one by one.
_ROUNDS = 15
_REAL_PHOTOS = 835


@dataclass
class Results:
    """The results: tables, bars, and figures for JSON."""

    pages: list[Page]
    bars: list[Bar]
    figures: dict[str, Any]


@dataclass(frozen=True)
class Bench:
    """The state shared by all parts.

    Attributes:
        gateway: receives the photos.
        data: the folder of the data sets.
        limit: maximum number of photos of each kind.
        large: maximum number of 12-megapixel photos to compare per model.
        progress: called with the number of photos done.
        results: the results so far.
    """

    gateway: Gateway
    data: Path | None
    limit: int
    large: int
    progress: Callable[[int], None]
    results: Results

    def items(self, model: PublishedModel) -> Items:
        """Return the test images of a model."""
        if model.name == "clothing":
            return garments(self.data, self.limit)
        return pets(self.data, split_seed(model.card) or 1, self.limit)


def distort(bench: Bench, model: PublishedModel, items: Items) -> None:
    """Post the test images clean and with each distortion."""
    clothing = model.name == "clothing"
    make: Callable[[str], Callable[[Any, int], bytes]]
    make = distortions.garment_photo if clothing else distortions.pet_photo
    names = distortions.GARMENT_DISTORTIONS if clothing else (CLEAN, *distortions.PET_DISTORTIONS)
    scores: list[Score] = []
    for name in names:
        photo = partial(_photo, make(name), items)
        predictions = bench.gateway.classify(model.name, items.labels, len(items.images), photo)
        scores.append(score(name, predictions, items.classes, scores[0] if scores else None))
    title = f"{model.name}: test images as photos{_warning(model)}"
    bench.results.pages.append(report.scores(title, scores))
    bench.results.bars.extend(bars.distorted(model.name, scores))
    bench.results.figures[f"{model.name} distorted"] = {
        each.name: each.figures() for each in scores
    }


def _warning(model: PublishedModel) -> str:
    if model.name == "clothing" or split_seed(model.card) is not None:
        return ""
    return f" (version {model.version} may have been trained on most of them)"


def _photo(make: Callable[[Any, int], bytes], items: Items, index: int) -> bytes:
    return make(items.images[index], index)


def real(bench: Bench) -> None:
    """Post the real photos of garments."""
    scores: dict[str, Score] = {}
    for name in ("shop", "home"):
        items = real_garments(bench.data, f"{name}.zip")
        parts = {name: items.classes >= 0, "other": items.classes < 0}
        for part, chosen in parts.items():
            images = [image for image, use in zip(items.images, chosen, strict=True) if use]
            if images:
                predictions = bench.gateway.classify(
                    "clothing", items.labels, len(images), images.__getitem__
                )
                scores[part] = score(part, predictions, items.classes[chosen])
    bench.results.pages.append(report.scores("clothing: real photos", [*scores.values()]))
    bench.results.bars.extend(bars.real(scores))
    bench.results.figures["clothing real"] = {key: one.figures() for key, one in scores.items()}


def exact(bench: Bench, model: PublishedModel, items: Items) -> None:
    """Run the exactness comparisons, and time 12-megapixel photos."""
    picture = partial(_picture, items)
    count = min(_PAIRS, len(items.images))
    held = exactness.sideways(bench.gateway, model, picture, count)
    bench.progress(count)
    saved = exactness.reencoded(bench.gateway, model, picture, count)
    bench.progress(count)
    apart = exactness.beside_process(
        bench.gateway, model, count, lambda index: distortions.encode(picture(index), quality=75)
    )
    bench.progress(count)
    decoded = exactness.reduced(
        model,
        picture,
        min(_ROUNDS, len(items.images)),
        min(bench.large, len(items.images)),
        bench.progress,
    )
    bench.results.bars.extend(bars.same(model.name, held, apart))
    bench.results.bars.extend(bars.reencoded(model.name, saved))
    bench.results.bars.extend(bars.faster(model.name, decoded))
    bench.results.figures[f"{model.name} exact"] = {
        "sideways": {"pixels_differ": held.pixels_differ, "moved": held.probabilities.tolist()},
        "reencoded": {name: moved.tolist() for name, moved in saved.items()},
        "gateway_apart": float(apart.max()),
        "reduced": {name: values.tolist() for name, values in vars(decoded).items()},
    }


def _picture(items: Items, index: int) -> Image.Image:
    """Return a test image about 600 pixels wide; a garment lies off centre."""
    item = items.images[index]
    if isinstance(item, bytes):
        return distortions.opened(item).resize((640, 480), Image.Resampling.BICUBIC)
    return distortions.scene(item, index=index)


def expected(bench: Bench, name: str, images: int) -> dict[str, int]:
    """Return the number of photos in each part, for the progress bar."""
    clothing = name == "clothing"
    kinds = len(distortions.GARMENT_DISTORTIONS if clothing else distortions.PET_DISTORTIONS)
    pairs, compared = min(_PAIRS, images), max(min(_ROUNDS, images), min(bench.large, images))
    return {
        "distorted": (kinds + (not clothing)) * images,
        "real": _REAL_PHOTOS if clothing else 0,
        "exact": 10 * pairs + compared,
    }
