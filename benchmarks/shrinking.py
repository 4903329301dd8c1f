"""What shrinking photos before sending saves, and whether it changes the answer.

`python -m benchmarks.shrinking --photos DIR --model MODEL`. Each photo of the folder becomes a
12-megapixel JPEG, as phones take them: enlarged if it is smaller, with noise; some are turned by
EXIF, have a colour profile of their own, or are progressive. It is prepared as the gateway does
and classified, then again after each way of making it smaller: the client's, and JPEG of several
sizes and qualities. The status is 1 if the client's way changes a pixel of the model's input.
"""

import argparse
import io
import statistics
import sys
import time
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageChops, ImageCms

from client.reduction import reduced, reduction_for
from client.results import Model
from serving.photos import Shape, prepare

STARTERS = Path(__file__).parents[1] / "serving" / "repository" / "starters"
MODELS: dict[str, tuple[str, Shape]] = {
    "clothing": ("garment/2", (28, 28, 1)),
    "cats-dogs": ("squash/1", (150, 150, 3)),
}
LONG, SHORT = 4032, 3024
CLIENT = "client: reduced, PNG"
_LINE_BITS = 10e6  # A slow line: bits a second.

Way = Callable[[bytes], bytes]


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser("python -m benchmarks.shrinking", description=__doc__)
    parser.add_argument("--photos", type=Path, required=True, metavar="DIR", help="any photos")
    parser.add_argument("--model", choices=MODELS, default="cats-dogs")
    parser.add_argument("--limit", type=int, default=300, help="photos (default: 300)")
    help_ = "as JPEG only each Nth photo (default: 5)"
    parser.add_argument("--jpeg", type=int, default=5, metavar="N", help=help_)
    arguments = parser.parse_args()
    photos = sorted(path for path in arguments.photos.rglob("*") if path.is_file())
    preparation, shape = MODELS[arguments.model]
    to_pixels = partial(_timed, lambda photo: prepare(photo, preparation, shape))
    reduction = reduction_for(Model("", "ready", input_shape=shape, preparation=preparation))
    assert reduction is not None
    ways: dict[str, Way] = {CLIENT: lambda photo: reduced(photo, reduction)}
    jpeg = {
        f"JPEG {quality}, {side} pixels": partial(_jpeg, side=side, quality=quality)
        for side in (512, 1024, 2048)
        for quality in (85, 95)
    }
    as_taken, pixels = [], []
    smaller: dict[str, list[tuple[int, int, float, float, np.ndarray]]] = {}
    for number, path in enumerate(photos[: arguments.limit]):
        taken = phone_photo(path, number)
        found, seconds = to_pixels(taken)
        as_taken.append((len(taken), seconds))
        pixels.append(found)
        for name, way in {**ways, **(jpeg if number % arguments.jpeg == 0 else {})}.items():
            content, shrinking = _timed(way, taken)
            found, seconds = to_pixels(content)
            smaller.setdefault(name, []).append((number, len(content), shrinking, seconds, found))
    print(f"{arguments.model}, {len(pixels)} photos of {LONG * SHORT / 1e6:.0f} megapixels")
    sizes, seconds = map(statistics.median, zip(*as_taken, strict=True))
    _row("as taken", sizes, 0.0, seconds, "")
    probabilities, changed = _classify(arguments.model, pixels), 0
    for name, rows in smaller.items():
        numbers, lengths, shrinking, preparing, found = zip(*rows, strict=True)
        before, after = probabilities[list(numbers)], _classify(arguments.model, found)
        moves = np.abs(after - before).max(axis=1)
        flips = int((after.argmax(1) != before.argmax(1)).sum())
        other = sum(not np.array_equal(a, pixels[n]) for n, a in zip(numbers, found, strict=True))
        changes = (
            f"{len(numbers)} photos, {other} with other pixels, {flips} with another class; moves"
            f" {np.median(moves):.4f}, 99% {np.quantile(moves, 0.99):.4f}, max {moves.max():.4f}"
        )
        _row(name, *map(statistics.median, (lengths, shrinking, preparing)), changes)
        changed += other if name == CLIENT else 0
    return int(changed > 0)


def _row(name: str, size: float, shrinking: float, preparing: float, changes: str) -> None:
    line = size * 8 / _LINE_BITS
    print(
        f"{name:22} {size / 1e3:6.0f} kB, {line:.2f} s at {_LINE_BITS / 1e6:.0f} Mbit/s; shrinking"
        f" {shrinking * 1e3:4.0f} ms, preparing {preparing * 1e3:4.0f} ms; {changes}"
    )


def phone_photo(path: Path, number: int) -> bytes:
    """Return a photo as a JPEG of 12 megapixels; the number decides what is special about it."""
    image = Image.open(path).convert("RGB")
    size = (LONG, SHORT) if image.width > image.height else (SHORT, LONG)
    if image.width * image.height < LONG * SHORT:
        image = image.resize(size, Image.Resampling.BICUBIC)
    image = ImageChops.add(image, _noise(image.size, (4, 8, 16)[number % 3]), offset=-128)
    exif = Image.Exif()
    exif[0x0112] = 1 + number % 8
    options: dict[str, Any] = {"icc_profile": _profile()} if number % 4 == 3 else {}
    file = io.BytesIO()
    image.save(file, "JPEG", quality=90, exif=exif, progressive=number % 10 == 9, **options)
    return file.getvalue()


def _noise(size: tuple[int, int], deviation: float) -> Image.Image:
    """Return gray levels around 128, from tiles of 1024 × 1024 random ones for each channel."""
    levels = np.random.default_rng(7).normal(128, deviation, (1024, 1024, 3)).clip(0, 255)
    tile, noise = Image.fromarray(levels.astype(np.uint8)), Image.new("RGB", size)
    for left in range(0, size[0], 1024):
        for top in range(0, size[1], 1024):
            noise.paste(tile, (left, top))
    return noise


def _profile() -> bytes:
    """Return the sRGB profile with red and green swapped: no other is as different."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    return profile.replace(b"rXYZ", b"TEMP").replace(b"gXYZ", b"rXYZ").replace(b"TEMP", b"gXYZ")


def _jpeg(photo: bytes, side: int, quality: int) -> bytes:
    """Return the photo as a smaller JPEG, with its orientation and profile."""
    image = Image.open(io.BytesIO(photo))
    exif, profile = image.getexif(), image.info.get("icc_profile")
    image.thumbnail((side, side), Image.Resampling.LANCZOS)
    file = io.BytesIO()
    image.save(file, "JPEG", quality=quality, exif=exif, icc_profile=profile)
    return file.getvalue()


def _timed(action: Callable[[bytes], Any], photo: bytes) -> tuple[Any, float]:
    """Return the result and its seconds of processor time."""
    began = time.process_time()
    return action(photo), time.process_time() - began


def _classify(model: str, pixels: Iterable[np.ndarray]) -> np.ndarray:
    """Return the probabilities `[photos, classes]` of prepared photos."""
    import tensorflow as tf

    network = tf.saved_model.load(str(STARTERS / model / "1")).signatures["serving_default"]
    (name,) = network.structured_input_signature[1]
    outputs = [network(**{name: tf.constant(each[None])}) for each in pixels]
    return np.concatenate([output["probabilities"].numpy() for output in outputs])


if __name__ == "__main__":
    sys.exit(main())
