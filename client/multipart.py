"""Photos as parts of a multipart form."""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO, TypeAlias, cast

Photo: TypeAlias = str | os.PathLike[str] | bytes | BinaryIO
"""A photo: the path of its file, its encoded bytes, or a binary file opened for reading."""

Part: TypeAlias = tuple[str, tuple[str, bytes, str]]
"""A form part for httpx: the field's name, then file name, content and media type."""


def form_parts(photos: Photo | Iterable[Photo]) -> list[Part]:
    """Return one or more photos as form parts.

    Raises:
        OSError: a photo's file can't be read.
        ValueError: no photo is given.
    """
    if isinstance(photos, str | bytes | os.PathLike) or hasattr(photos, "read"):
        photos = [cast(Photo, photos)]
    parts = [("image", _file_part(photo, number)) for number, photo in enumerate(photos, start=1)]
    if not parts:
        raise ValueError("there is no photo to classify")
    return parts


def _file_part(photo: Photo, number: int) -> tuple[str, bytes, str]:
    """Only the name of a file is sent, never its folders."""
    if isinstance(photo, bytes):
        name, content = f"photo-{number}", photo
    elif isinstance(photo, str | os.PathLike):
        path = Path(photo)
        name, content = path.name, path.read_bytes()
    else:
        content = photo.read()
        given = getattr(photo, "name", None)  # An int for a file opened by its descriptor.
        name = Path(given).name if isinstance(given, str) else f"photo-{number}"
    # A file name that is not valid UTF-8 can't be sent unchanged.
    name = name.encode("utf-8", "replace").decode("utf-8")
    return name, content, "application/octet-stream"
