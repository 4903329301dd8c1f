"""The photos in the body of a request: raw, multipart or JSON."""

import re
from dataclasses import replace

from flask import Request
from gunicorn.http.errors import ParseException

from serving.gateway.api.content_coding import check_coding
from serving.gateway.api.form_parts import Part, form_boundary, form_parts
from serving.gateway.api.json_photos import json_photos
from serving.gateway.api.mistaken_bodies import (
    check_url_encoded,
    is_address,
    mistaken_for_a_photo,
)
from serving.gateway.api.request_arrival import ARRIVAL, Arrival
from serving.gateway.inference.results import Photo
from serving.http_errors import (
    BodyTooLarge,
    MalformedRequest,
    NoPhoto,
    TooManyPhotos,
)
from serving.photos.headers.inspection import image_format

MAX_NAME_LENGTH = 255

MAX_FIELDS = 16
"""Parts of a form that are not photos; they are ignored."""

_JSON_TYPES = {"application/json", "text/json", "text/x-json", "application/x-json"}
_JSON_START = re.compile(rb'[\xef\xbb\xbf\s]*(?:\{|\[\s*[{"])')
_SHOWN = 40  # Characters of a field's name.


class Uploads:
    """Reads the photos of requests, within limits."""

    def __init__(self, max_body_bytes: int, max_photos: int) -> None:
        self._max_body_bytes = max_body_bytes
        self._max_photos = max_photos

    def read(self, request: Request) -> bytes:
        """Read the body of a request.

        Raises:
            BodyTooLarge: it is longer than the limit.
            UploadTimeout: it did not arrive in time.
            TooManyRequests: the worker holds too many bytes of uploads.
            MalformedRequest: it ended early.
            UnsupportedEncoding: it is compressed.
        """
        check_coding(request)
        announced = request.content_length
        if announced is not None and announced > self._max_body_bytes:
            raise self._too_large(f"{announced:,} bytes")
        arrival = request.environ.get(ARRIVAL) or Arrival()
        arrival.check(announced)
        body, reason = b"", None
        try:
            # If the server ends the body, Werkzeug need not count its bytes again.
            ends = request.environ.get("wsgi.input_terminated")
            stream = request.environ["wsgi.input"] if ends else request.stream
            body = stream.read(self._max_body_bytes + 1)
        except (ParseException, OSError) as error:
            reason = f"{type(error).__name__} {error}".strip()
        if announced is not None and len(body) < announced:
            reason = f"it ended after {len(body):,} of {announced:,} bytes"
        if reason is not None:
            raise MalformedRequest(f"The body can't be read: {reason}. Send it again.")
        if len(body) > self._max_body_bytes:
            raise self._too_large("more bytes")
        return body

    def photos(self, request: Request, body: bytes) -> list[Photo]:
        """Return the photos in the body of a request, in its order.

        Raises:
            MalformedRequest: its JSON or form is invalid, or has too many fields.
            NoPhoto: it has no photo.
            TooManyPhotos: it has more than the limit.
        """
        if not body:
            raise NoPhoto(
                "The body is empty. Send the photo as the body, as file parts of a form, or as"
                " JSON."
            )
        if request.mimetype == "multipart/form-data":
            photos = self._form(body, form_boundary(request.headers.get("Content-Type", "")))
        elif request.mimetype.startswith("multipart/"):
            raise MalformedRequest(
                f"The body is {request.mimetype[:_SHOWN]}. Send a form as multipart/form-data."
            )
        elif _is_json(request.mimetype, body):
            photos = json_photos(body, request.mimetype, self._max_photos)
        else:
            if request.mimetype == "application/x-www-form-urlencoded":
                check_url_encoded(body)
            photos = [Photo("0", body)]
        if not photos:
            raise NoPhoto("The list 'images' of the JSON is empty. Put a photo into it.")
        return [replace(photo, fault=mistaken_for_a_photo(photo.encoded)) for photo in photos]

    def _form(self, body: bytes, boundary: bytes) -> list[Photo]:
        photos: list[Photo] = []
        fields: list[Part] = []
        for part in form_parts(body, boundary):
            if _is_photo(part):
                photos.append(Photo((part.file or str(len(photos)))[:MAX_NAME_LENGTH], part.body))
            else:
                fields.append(part)
            if len(photos) > self._max_photos:
                raise TooManyPhotos(
                    f"There are more than {self._max_photos} photos in the form, the maximum. Send"
                    " the others in another request."
                )
            if len(fields) > MAX_FIELDS:
                raise MalformedRequest(
                    f"There are more than {MAX_FIELDS} fields in the form that are not photos, the"
                    " maximum. Leave them out: they are ignored."
                )
        if not photos:
            raise NoPhoto(_why_no_photo(fields))
        return photos

    def _too_large(self, received: str) -> BodyTooLarge:
        return BodyTooLarge(
            f"The body has {received}; the maximum is {self._max_body_bytes:,}."
            " Send a smaller photo, or fewer at once."
        )


def _is_json(mimetype: str, body: bytes) -> bool:
    """Return whether a body is JSON: by its type, or by its first letters, as no photo has them."""
    if mimetype in _JSON_TYPES or mimetype.endswith("+json"):
        return True
    return bool(_JSON_START.match(body, 0, 1024))


def _is_photo(part: Part) -> bool:
    """Return whether a part is a photo: by its file name, else its type, else its first bytes."""
    if part.file is not None:  # A browser sends an empty file field as a part with neither.
        return bool(part.file or part.body)
    if part.kind.startswith("image/"):
        return True
    return not part.body[:64].isascii() and image_format(part.body) is not None


def _why_no_photo(fields: list[Part]) -> str:
    advice = "Send the photo as a file part: curl -F photo=@photo.jpg."
    for part in fields:
        name = repr(part.field[:_SHOWN])
        if part.file is not None:
            return f"The file field {name} of the form is empty: no file was chosen. {advice}"
        if is_address(part.body):
            return f"The field {name} is the address of a photo, which is not fetched. {advice}"
        if mistaken_for_a_photo(part.body):
            return (
                f"The field {name} of the form is text that stands for a photo. In JSON the photo"
                " may be base64; in a form it has to be a file part: curl -F photo=@photo.jpg."
            )
    names = ", ".join(repr(part.field[:_SHOWN]) for part in fields)
    having = f"has only text, in the fields {names}" if fields else "has no part with a photo"
    return f"The form {having}. {advice}"
