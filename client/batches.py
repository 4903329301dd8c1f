"""Photos read into memory, and divided among requests."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TypeVar, cast

from .errors import Refused
from .photos import Photo, encoded, is_one, name_of
from .results import BadPhoto

PHOTOS_PER_REQUEST = 8
BYTES_PER_REQUEST = 15_000_000  # Less than the server's default limit.


@dataclass(frozen=True, slots=True)
class EncodedPhoto:
    """A photo that was read: its name in results, and the bytes of its file."""

    image: str
    content: bytes


Part = tuple[str, tuple[str, bytes, str]]
"""A form part for requests: the field's name, then file name, content and media type."""


def read(photos: Photo | Iterable[Photo]) -> Iterator[EncodedPhoto | BadPhoto]:
    """Read photos one after the other; a file that can't be read is a bad photo.

    One photo is taken as well: a path would otherwise be an iterable of letters.
    """
    for number, photo in enumerate(
        cast(Iterable[Photo], [photos] if is_one(photos) else photos), start=1
    ):
        image = name_of(photo, number)
        try:
            yield EncodedPhoto(image, encoded(photo))
        except OSError as error:
            yield BadPhoto.unreadable(image, error)


AnyPhoto = TypeVar("AnyPhoto", bound=EncodedPhoto | BadPhoto)


def batches(photos: Iterable[AnyPhoto]) -> Iterator[list[AnyPhoto]]:
    """Divide photos among requests, in their order."""
    batch: list[AnyPhoto] = []
    total = 0
    for photo in photos:
        size = len(photo.content) if isinstance(photo, EncodedPhoto) else 0
        if batch and (len(batch) == PHOTOS_PER_REQUEST or total + size > BYTES_PER_REQUEST):
            yield batch
            batch, total = [], 0
        batch.append(photo)
        total += size
    if batch:
        yield batch


def form(photos: Iterable[EncodedPhoto]) -> list[Part]:
    """Return photos as the parts of a form.

    They are sent under their positions: names of files stay here, may be the same, and need not
    be valid in a form.
    """
    return [
        ("image", (str(position), photo.content, "application/octet-stream"))
        for position, photo in enumerate(photos)
    ]


def bad_photos(refused: Refused, photos: list[EncodedPhoto]) -> dict[int, BadPhoto]:
    """Return which of the photos of a request the server refused, by their positions."""
    return {
        position: BadPhoto.refused(photos[position].image, each, refused.status)
        for each in refused.errors
        if (position := _position(each.get("image"))) is not None and position < len(photos)
    }


def with_names(refused: Refused, photos: list[EncodedPhoto]) -> Refused:
    """Return the error with the caller's names of the photos."""
    named = [
        {**each, "image": photos[position].image}
        for each in refused.errors
        if (position := _position(each.get("image"))) is not None and position < len(photos)
    ]
    problem = {**refused.problem, "errors": named} if named else refused.problem
    return Refused(refused.status, problem, refused.retry_after)


def _position(image: object) -> int | None:
    # Longer ones are no positions, and too long for `int`.
    return int(image) if isinstance(image, str) and re.fullmatch("[0-9]{1,9}", image) else None
