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
from collections.abc import Callable
from dataclasses import dataclass
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
AS_TAKEN = "as taken"
CLIENT = "reduced PNG (client)"
LINE_BITS = 10e6  # A slow line: bits a second.

Way = Callable[[bytes], bytes]


@dataclass(frozen=True)
class Sent:
    """A photo as it is sent: its position, bytes, processor seconds, and the model's pixels."""

    number: int
    size: int
    shrinking: float
    preparing: float
    pixels: np.ndarray


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser("python -m benchmarks.shrinking", description=__doc__)
    parser.add_argument("--photos", type=Path, required=True, metavar="DIR", help="any photos")
    parser.add_argument("--model", choices=MODELS, default="cats-dogs")
    parser.add_argument("--limit", type=int, default=300, help="photos (default: 300)")
    help_ = "as JPEG only each Nth photo (default: 5)"
    parser.add_argument("--jpeg", type=int, default=5, metavar="N", help=help_)
    arguments = parser.parse_args()
    suffixes = {".jpg", ".jpeg", ".png"}
    photos = [path for path in arguments.photos.rglob("*") if path.suffix.lower() in suffixes]
    if not photos:
        parser.error(f"{arguments.photos} has no photo (.jpg, .jpeg, .png)")
    photos = sorted(photos)[: arguments.limit]
    preparation, shape = MODELS[arguments.model]
    reduction = reduction_for(Model("", "ready", input_shape=shape, preparation=preparation))
    assert reduction is not None
    always: dict[str, Way] = {AS_TAKEN: bytes, CLIENT: lambda photo: reduced(photo, reduction)}
    jpeg: dict[str, Way] = {
        f"JPEG {quality}, {side} pixels": partial(_jpeg, side=side, quality=quality)
        for side in (512, 1024, 2048)
        for quality in (85, 95)
    }
    sent: dict[str, list[Sent]] = {}
    for number, path in enumerate(photos):
        taken = phone_photo(path, number)
        chosen = {**always, **jpeg} if number % arguments.jpeg == 0 else always
        for name, way in chosen.items():
            content, shrinking = _timed(way, taken)
            pixels, preparing = _timed(lambda each: prepare(each, preparation, shape), content)
            one = Sent(number, len(content), shrinking, preparing, pixels)
            sent.setdefault(name, []).append(one)
    print(f"{arguments.model}, {len(photos)} photos of {LONG * SHORT / 1e6:.0f} megapixels")
    network = _network(arguments.model)
    before = [network(each.pixels) for each in sent[AS_TAKEN]]
    for name, photos_sent in sent.items():
        _report(name, photos_sent, before, network)
    return int(_other_pixels(sent[CLIENT], sent[AS_TAKEN]) > 0)


def _report(
    name: str, sent: list[Sent], before: list[np.ndarray], network: Callable[..., np.ndarray]
) -> None:
    size, shrinking, preparing = (
        statistics.median(getattr(each, field) for each in sent)
        for field in ("size", "shrinking", "preparing")
    )
    old = np.stack([before[each.number] for each in sent])
    new = np.stack([network(each.pixels) for each in sent])
    moves = np.abs(new - old).max(axis=1)
    print(
        f"{name:21} {size / 1e3:5.0f} kB, {size * 8 / LINE_BITS:.2f} s at {LINE_BITS / 1e6:.0f}"
        f" Mbit/s; shrinking {shrinking * 1e3:3.0f} ms, preparing {preparing * 1e3:3.0f} ms;"
        f" {len(sent)} photos, {int((new.argmax(1) != old.argmax(1)).sum())} with another class,"
        f" probabilities moved by {np.median(moves):.4f} (median), {np.quantile(moves, 0.99):.4f}"
        f" (99%), {moves.max():.4f} (max)"
    )


def _other_pixels(sent: list[Sent], taken: list[Sent]) -> int:
    """Return for how many photos the model's pixels differ, and print it."""
    other = sum(not np.array_equal(each.pixels, taken[each.number].pixels) for each in sent)
    print(f"{CLIENT}: {other} of {len(sent)} photos with other pixels")
    return other


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


def _network(model: str) -> Callable[[np.ndarray], np.ndarray]:
    """Return a function from a model's pixels to its probabilities `[classes]`."""
    import tensorflow as tf

    network = tf.saved_model.load(str(STARTERS / model / "1")).signatures["serving_default"]
    (name,) = network.structured_input_signature[1]
    return lambda pixels: network(**{name: tf.constant(pixels[None])})["probabilities"][0].numpy()


if __name__ == "__main__":
    sys.exit(main())
