"""What can be wrong with one photo: the errors of `serving.errors` that concern its bytes."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from serving.errors import RequestError


class BadPhoto(RequestError):
    """One photo can't be classified."""


class TooManyPixels(BadPhoto):
    """The header of the photo promises more pixels than the limit."""

    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    slug = "too-many-pixels"
    title = "The photo has too many pixels"


class TooCostly(BadPhoto):
    """Decoding the photo would take more memory or time than its pixels justify."""

    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    slug = "too-costly"
    title = "The photo is too costly to decode"


class NotAnImage(BadPhoto):
    """The first bytes are those of no image format."""

    status = HTTPStatus.UNSUPPORTED_MEDIA_TYPE
    slug = "not-an-image"
    title = "This is not an image"


class UnsupportedFormat(BadPhoto):
    """An image, of a format that is not accepted."""

    status = HTTPStatus.UNSUPPORTED_MEDIA_TYPE
    slug = "unsupported-format"
    title = "This image format is not supported"


class DamagedPhoto(BadPhoto):
    """An image that does not decode, a truncated one included."""

    status = HTTPStatus.UNPROCESSABLE_ENTITY
    slug = "damaged-photo"
    title = "The image does not decode"


class BadPhotos(RequestError):
    """Photos of a request are bad: none of it is classified, and every bad one is named.

    Status and type are those of the bad photos where all agree, else 422 and `bad-photos`.
    """

    def __init__(self, bad: Sequence[tuple[str, BadPhoto]], photos: int) -> None:
        detail = bad[0][1].detail
        if photos > 1:
            names = ", ".join(name for name, _ in bad)
            detail = f"{len(bad)} of {photos} photos are bad, so none was classified: {names}."
        super().__init__(detail)
        self.bad = bad
        kinds = {type(error) for _, error in bad}
        kind = kinds.pop() if len(kinds) == 1 else None
        self.status = kind.status if kind else HTTPStatus.UNPROCESSABLE_ENTITY
        self.slug = kind.slug if kind else "bad-photos"
        self.title = kind.title if kind else "Some photos can't be classified"

    def problem(self) -> dict[str, Any]:
        """Return the problem with one entry for each bad photo under `errors`."""
        errors = [{"image": name, **error.problem()} for name, error in self.bad]
        return {**super().problem(), "errors": errors}
