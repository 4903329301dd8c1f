"""From the body of a request to its photos: raw, multipart or JSON."""

import base64
import binascii
import io
import json
import re
from typing import IO, Any

from flask import Request
from gunicorn.http.errors import ParseException
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.formparser import FormDataParser

from serving.deadline import Deadline
from serving.errors import (
    BodyTooLarge,
    MalformedRequest,
    NoPhoto,
    TooManyPhotos,
    TooManyRequests,
    UploadTimeout,
)
from serving.gateway.api.request_arrival import ARRIVAL, Arrival
from serving.gateway.inference.results import Photo

MAX_NAME_LENGTH = 255

# Form fields beside the photos, which are passed over.
_MAX_OTHER_PARTS = 16
# Bytes of one part's headers, which are parsed slowly; and what ends them.
_MAX_PART_HEADERS = 16_384
_BLANK_LINE = re.compile(rb"\r\n\r\n|\n\n|\r\r")
# Brackets, commas and colons for each photo: none is in base64, and each makes an object in memory.
_MAX_MARKS = 100
_JSON_FORM = '{"images": [{"b64": "…"}]}'


class Uploads:
    """Reads the bodies of requests within limits."""

    def __init__(self, max_body_bytes: int, max_photos: int) -> None:
        self._max_body_bytes = max_body_bytes
        self._max_photos = max_photos

    def photos(self, request: Request, body: bytes) -> list[Photo]:
        """Find the photos in the body of a request, in its order.

        Raises:
            MalformedRequest: it is no JSON or multipart form of the API's kind.
            NoPhoto: there is no photo in it.
            TooManyPhotos: there are more than the limit.
        """
        if request.mimetype == "multipart/form-data":
            photos = self._multipart(request, body)
        elif request.mimetype == "application/json":
            photos = self._json(body)
        else:
            photos = [Photo("0", body)] if body else []
        if not photos:
            raise NoPhoto("Send the photo as the body, as file parts of a form, or as JSON.")
        if len(photos) > self._max_photos:
            raise self._too_many(str(len(photos)))
        return photos

    def read(self, request: Request, deadline: Deadline) -> bytes:
        """Read the body of a request.

        Raises:
            BodyTooLarge: its length is, or turns out to be, above the limit.
            UploadTimeout: it did not arrive in time.
            TooManyRequests: there was no room to keep it.
            MalformedRequest: it ended early.
        """
        announced = request.content_length
        if announced is not None and announced > self._max_body_bytes:
            raise self._too_large(f"{announced:,} bytes")
        arrival = request.environ.get(ARRIVAL) or Arrival()
        if arrival.late:
            raise UploadTimeout(
                f"The body did not arrive within {deadline.seconds:g} s. Send a smaller photo."
            )
        if arrival.crowded:
            raise TooManyRequests("Too many uploads are under way. Try again shortly.")
        try:
            body = _stream(request).read(self._max_body_bytes + 1)
            fault = None
        except (ParseException, OSError) as error:
            body, fault = b"", f"{type(error).__name__} {error}".strip()
        if announced is not None and len(body) < announced:
            fault = f"it ended after {len(body):,} of {announced:,} bytes"
        if fault is not None:
            raise MalformedRequest(f"The body can't be read: {fault}. Send it again.")
        if len(body) > self._max_body_bytes:
            raise self._too_large("more bytes")
        return body

    def _multipart(self, request: Request, body: bytes) -> list[Photo]:
        parts: list[tuple[str | None, io.BytesIO]] = []

        def begin_part(
            total_content_length: int | None,
            content_type: str | None,
            filename: str | None,
            content_length: int | None = None,
        ) -> io.BytesIO:
            # The parser's own result is grouped by field; here parts come in the form's order.
            parts.append((filename, io.BytesIO()))
            return parts[-1][1]

        most = self._max_photos + _MAX_OTHER_PARTS
        self._check_headers(body, request.mimetype_params.get("boundary", "").encode(), most)
        parser = FormDataParser(stream_factory=begin_part, silent=False, max_form_parts=most)
        try:
            parser.parse(io.BytesIO(body), request.mimetype, len(body), request.mimetype_params)
        except RequestEntityTooLarge as error:
            raise self._too_many("more") from error
        except ValueError as error:
            raise MalformedRequest(f"The multipart form can't be read: {error}.") from error
        # A form whose file field was left empty sends a part without name and bytes.
        files = [(name, file.getvalue()) for name, file in parts if name or file.getvalue()]
        return [
            Photo((name or str(place))[:MAX_NAME_LENGTH], encoded)
            for place, (name, encoded) in enumerate(files)
        ]

    def _check_headers(self, body: bytes, boundary: bytes, most: int) -> None:
        """Check the headers of all parts, of which at most so many are accepted."""
        delimiter, found = b"--" + boundary, 0
        place = body.find(delimiter) if boundary else -1
        while place >= 0:
            place += len(delimiter)
            if not body.startswith(b"--", place):  # Not the last one, as far as it is one at all.
                end = _BLANK_LINE.search(body, place, place + _MAX_PART_HEADERS)
                if end is None:
                    raise MalformedRequest(
                        "The headers of a part of the multipart form do not end within"
                        f" {_MAX_PART_HEADERS:,} bytes."
                    )
                place = end.end() - 2
            found += 1
            if found > most + 1:
                raise self._too_many("more")
            place = body.find(delimiter, place)

    def _json(self, body: bytes) -> list[Photo]:
        marks = sum(body.count(mark) for mark in (b"[", b"{", b",", b":"))
        if marks > _MAX_MARKS * (self._max_photos + 1):
            raise MalformedRequest(
                f"The JSON has {marks:,} brackets, commas and colons, far more than {_JSON_FORM}"
                " needs."
            )
        try:
            document: Any = json.loads(body)
        except (ValueError, RecursionError) as error:
            raise MalformedRequest(
                f"The body is called JSON and is none ({error}). Send {_JSON_FORM}."
            ) from error
        images = document.get("images") if isinstance(document, dict) else None
        if not isinstance(images, list):
            raise MalformedRequest(f"The JSON has no list 'images'. Send {_JSON_FORM}.")
        if len(images) > self._max_photos:
            raise self._too_many(f"{len(images):,}")
        return [_json_photo(place, image) for place, image in enumerate(images)]

    def _too_large(self, received: str) -> BodyTooLarge:
        return BodyTooLarge(
            f"The body has {received}; at most {self._max_body_bytes:,} are accepted."
            " Send a smaller photo, or fewer at once."
        )

    def _too_many(self, received: str) -> TooManyPhotos:
        return TooManyPhotos(
            f"There are {received} photos in the request; at most {self._max_photos} are accepted."
        )


def _stream(request: Request) -> IO[bytes]:
    """Return the body; where the server ends it itself, without Werkzeug counting once more."""
    ends = request.environ.get("wsgi.input_terminated")
    stream: IO[bytes] = request.environ["wsgi.input"] if ends else request.stream
    return stream


def _json_photo(place: int, image: Any) -> Photo:
    text = image.get("b64") if isinstance(image, dict) else None
    if not isinstance(text, str):
        raise MalformedRequest(f"Image {place} of the JSON has no text 'b64'. Send {_JSON_FORM}.")
    try:
        return Photo(str(place), base64.b64decode(text, validate=True))
    except (binascii.Error, ValueError) as error:
        raise MalformedRequest(f"Image {place} of the JSON is not base64: {error}.") from error
