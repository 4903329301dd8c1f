"""What can be wrong with a photo."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from serving.http_errors import UploadError


class BadPhoto(UploadError):
    """A photo can't be classified; the base of the errors of one photo."""

    @classmethod
    def sample(cls, values: Mapping[str, Any]) -> "BadPhotos":
        """Return the error of a request with one such photo."""
        return BadPhotos([("photo.jpg", cls(cls.example.format_map(values)))], 1)


class TooManyPixels(BadPhoto):
    """The photo's width, height or their product is above a limit."""

    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    slug = "too-many-pixels"
    title = "The photo has too many pixels"
    example = "The photo has more pixels than the maximum of {max_pixels:,}."


class TooCostly(BadPhoto):
    """Decoding the photo would take more memory or time than its size justifies."""

    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    slug = "too-costly"
    title = "The photo is too costly to decode"
    example = "The JPEG has 10,000 scans; at most {max_scans} are accepted."


class NotAnImage(BadPhoto):
    """The file's first bytes are not those of an image format."""

    status = HTTPStatus.UNSUPPORTED_MEDIA_TYPE
    slug = "not-an-image"
    title = "This is not an image"
    example = "The file is empty; accepted are {formats}."


class UnsupportedFormat(BadPhoto):
    """The format of the image is not accepted."""

    status = HTTPStatus.UNSUPPORTED_MEDIA_TYPE
    slug = "unsupported-format"
    title = "This image format is not supported"
    example = "This is a HEIC photo; accepted are {formats}."


class DamagedPhoto(BadPhoto):
    """The image does not decode, for example because it is truncated."""

    status = HTTPStatus.UNPROCESSABLE_ENTITY
    slug = "damaged-photo"
    title = "The image does not decode"
    example = "The JPEG image does not decode (image file is truncated). Send an intact file."


class BadPhotos(UploadError):
    """At least one photo of a request is bad, so none is classified; every bad one is named.

    Status and type are those of the bad photos where they all agree, else 422 and `bad-photos`.
    """

    status = HTTPStatus.UNPROCESSABLE_ENTITY
    slug = "bad-photos"
    title = "Some photos can't be classified"

    def __init__(self, bad: Sequence[tuple[str, BadPhoto]], photos: int) -> None:
        detail = bad[0][1].detail
        if photos > 1:
            names = ", ".join(name for name, _ in bad)
            are = "is" if len(bad) == 1 else "are"
            detail = f"{len(bad)} of {photos} photos {are} bad, so none was classified: {names}."
        super().__init__(detail)
        self.bad = bad
        kinds = {type(error) for _, error in bad}
        if len(kinds) == 1:
            kind = kinds.pop()
            self.status, self.slug, self.title = kind.status, kind.slug, kind.title

    @classmethod
    def sample(cls, values: Mapping[str, Any]) -> "BadPhotos":
        """Return the error of a request with photos that are bad in different ways."""
        kinds = {"photo.jpg": DamagedPhoto, "notes.txt": NotAnImage}
        bad = [(name, kind(kind.example.format_map(values))) for name, kind in kinds.items()]
        return cls(bad, 3)

    def problem(self) -> dict[str, Any]:
        """Return the problem with one entry for each bad photo under `errors`."""
        errors = [{"image": name, **error.problem()} for name, error in self.bad]
        return {**super().problem(), "errors": errors}


def too_large(what: str, size: int, limit: int) -> TooCostly:
    """Return the error for a part that takes too many bytes."""
    return TooCostly(
        f"The photo's {what} takes at least {size:,} bytes; at most {limit:,} are accepted."
        " Re-save it as a JPEG, or without metadata."
    )


def too_many(format_name: str, what: str, limit: int) -> TooCostly:
    """Return the error for a file with too many parts of one kind."""
    return TooCostly(
        f"The {format_name} file has more than {limit:,} {what}, the maximum. Re-save it without"
        " metadata."
    )
