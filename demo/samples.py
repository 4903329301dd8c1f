"""The demo's photos: drawn garments, and a real cat."""

import importlib.util
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageOps

from demo.garments import GARMENTS, draw


class SampleError(Exception):
    """A photo for the demo is not available; says what to do."""


@dataclass(frozen=True)
class Sample:
    """A photo and its label.

    Attributes:
        model: the model that classifies it.
        name: its file name.
        expected: the correct label.
        encoded: the file's bytes.
    """

    model: str
    name: str
    expected: str
    encoded: bytes


def garments() -> Iterator[Sample]:
    """Draw one garment of each class."""
    for garment in GARMENTS:
        name = garment.label.lower().replace("/", "-").replace(" ", "-")
        encoded = _encoded(draw(garment), "JPEG")
        yield Sample("clothing", f"{name}.jpg", garment.label, encoded)


def cats() -> Iterator[Sample]:
    """Return one photo, unchanged and mirrored.

    It is "chelsea.png" by Stéfan van der Walt, which scikit-image ships under CC0.

    Raises:
        SampleError: scikit-image is not installed.
    """
    file = _scikit_image() / "data" / "chelsea.png"
    with Image.open(file) as photo:
        views = {"cat.png": photo, "cat-mirrored.png": ImageOps.mirror(photo)}
        for name, view in views.items():
            yield Sample("cats-dogs", name, "cat", _encoded(view, "PNG"))


def _scikit_image() -> Path:
    """Return the package's folder without importing it, which would take half a second."""
    spec = importlib.util.find_spec("skimage")
    if spec is None or spec.origin is None:
        raise SampleError("the photo of a cat comes with scikit-image: pip install scikit-image")
    return Path(spec.origin).parent


def _encoded(photo: Image.Image, kind: str) -> bytes:
    buffer = io.BytesIO()
    photo.save(buffer, kind, quality=92)
    return buffer.getvalue()
