"""Photos as callers have them, and as a request wants them."""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO, TypeAlias, cast

Photo: TypeAlias = str | os.PathLike[str] | bytes | BinaryIO
"""A photo: the path of its file, its encoded bytes, or a file opened for reading bytes."""

Part: TypeAlias = tuple[str, tuple[str, bytes, str]]
"""A part of a form as httpx wants it: the field's name, then file name, content, media type."""


def form_parts(photos: Photo | Iterable[Photo]) -> list[Part]:
    """Return one or several photos as the parts of a form.

    Raises:
        OSError: a photo's file can't be read.
        ValueError: there is no photo.
    """
    several = enumerate(_several(photos), start=1)
    parts = [("image", _part(photo, place)) for place, photo in several]
    if not parts:
        raise ValueError("there is no photo to classify")
    return parts


def _several(photos: Photo | Iterable[Photo]) -> Iterable[Photo]:
    if isinstance(photos, str | bytes | os.PathLike) or hasattr(photos, "read"):
        return [cast(Photo, photos)]
    return photos


def _part(photo: Photo, place: int) -> tuple[str, bytes, str]:
    """Return a photo as httpx wants a file: name, content, media type.

    Only a file's own name is sent, never its folders.
    """
    if isinstance(photo, bytes):
        name, content = f"photo-{place}", photo
    elif isinstance(photo, str | os.PathLike):
        path = Path(photo)
        name, content = path.name, path.read_bytes()
    else:
        content = photo.read()
        given = getattr(photo, "name", None)  # A number for a file opened by its descriptor.
        name = Path(given).name if isinstance(given, str) else f"photo-{place}"
    # A file name that is no UTF-8 can't be sent as it is.
    name = name.encode("utf-8", "replace").decode("utf-8")
    return name, content, "application/octet-stream"
