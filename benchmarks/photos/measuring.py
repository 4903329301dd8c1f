"""Each part of the benchmark: what is posted, and what comes of it."""

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
from benchmarks.serving.report import Page
from training.overrides import renamed
from training.publishing.published_model import PublishedModel

_PAIRS = 100  # Photos that are compared one by one.
_ROUNDS = 15
_REAL_PHOTOS = 835


@dataclass
class Results:
    """What has been measured: tables, bars, and the figures as JSON holds them."""

    pages: list[Page]
    bars: list[bars.Bar]
    figures: dict[str, Any]


@dataclass(frozen=True)
class Bench:
    """What the parts share.

    Attributes:
        gateway: to post to.
        data: the folder of the data sets.
        limit: the most photos of a kind.
        large: the most 12-megapixel photos whose probabilities are compared, of each model.
        progress: called with the photos done.
        results: what has been measured so far.
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
        split = int(renamed(model.card.get("parameters", {})).get("split_seed", 1))
        return pets(self.data, split, self.limit)


def distort(bench: Bench, model: PublishedModel, items: Items) -> None:
    """Post the test images clean and with each distortion."""
    clothing = model.name == "clothing"
    make: Callable[[str], Callable[[Any, int], bytes]]
    make = distortions.garment_photo if clothing else distortions.pet_photo
    names = distortions.GARMENT_DISTORTIONS if clothing else (CLEAN, *distortions.PET_DISTORTIONS)
    scores: list[Score] = []
    for name in names:
        photo = partial(_photo, make(name), items)
        answers = bench.gateway.classify(model.name, items.labels, len(items.images), photo)
        scores.append(score(name, answers, items.classes, scores[0] if scores else None))
    bench.results.pages.append(report.scores(f"{model.name}: test images as photos", scores))
    bench.results.bars.extend(bars.distorted(model.name, scores))
    bench.results.figures[f"{model.name} distorted"] = {
        each.name: each.figures() for each in scores
    }


def _photo(make: Callable[[Any, int], bytes], items: Items, place: int) -> bytes:
    return make(items.images[place], place)


def real(bench: Bench) -> None:
    """Post the real photos of garments."""
    scores: dict[str, Score] = {}
    for name in ("shop", "home"):
        items = real_garments(bench.data, f"{name}.zip")
        parts = {name: items.classes >= 0, "other": items.classes < 0}
        for part, chosen in parts.items():
            images = [image for image, use in zip(items.images, chosen, strict=True) if use]
            if images:
                answers = bench.gateway.classify(
                    "clothing", items.labels, len(images), images.__getitem__
                )
                scores[part] = score(part, answers, items.classes[chosen])
    bench.results.pages.append(report.scores("clothing: real photos", [*scores.values()]))
    bench.results.bars.extend(bars.real(scores))
    bench.results.figures["clothing real"] = {key: one.figures() for key, one in scores.items()}


def exact(bench: Bench, model: PublishedModel, items: Items) -> None:
    """Compare what has to be the same, and time 12-megapixel photos."""
    picture = partial(_picture, items)
    count = min(_PAIRS, len(items.images))
    held = exactness.sideways(bench.gateway, model, picture, count)
    bench.progress(count)
    apart = exactness.beside_process(
        bench.gateway, model, count, lambda place: distortions.encode(picture(place), quality=75)
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
    bench.results.bars.extend(bars.faster(model.name, decoded))
    bench.results.figures[f"{model.name} exact"] = {
        "sideways": {"pixels_differ": held.pixels_differ, "moved": held.probabilities.tolist()},
        "gateway_apart": float(apart.max()),
        "reduced": {name: values.tolist() for name, values in vars(decoded).items()},
    }


def _picture(items: Items, place: int) -> Image.Image:
    """Return a test image as a picture of some 600 pixels, off centre where it is a garment."""
    item = items.images[place]
    if isinstance(item, bytes):
        return distortions.opened(item).resize((640, 480), Image.Resampling.BICUBIC)
    return distortions.scene(item, place=place)


def expected(bench: Bench, name: str, images: int) -> dict[str, int]:
    """Return how many photos each part of a model is, for the progress."""
    clothing = name == "clothing"
    kinds = len(distortions.GARMENT_DISTORTIONS if clothing else distortions.PET_DISTORTIONS)
    pairs, compared = min(_PAIRS, images), max(min(_ROUNDS, images), min(bench.large, images))
    return {
        "distorted": (kinds + (not clothing)) * images,
        "real": _REAL_PHOTOS if clothing else 0,
        "exact": 5 * pairs + compared,
    }
