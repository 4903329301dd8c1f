"""The photos in the body of a request: raw, multipart or JSON."""

import base64
import io
import json
import re
from typing import Any

from flask import Request
from gunicorn.http.errors import ParseException
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.formparser import FormDataParser

from serving.gateway.api.request_arrival import ARRIVAL, Arrival
from serving.gateway.inference.results import Photo
from serving.http_errors import (
    BodyTooLarge,
    MalformedRequest,
    NoPhoto,
    TooManyPhotos,
)

MAX_NAME_LENGTH = 255

_MAX_OTHER_PARTS = 16  # Form fields that are not photos; they are ignored.
_MAX_PART_HEADERS = 16_384  # Bytes of one part's headers, which are slow to parse.
_BLANK_LINE = re.compile(rb"\r\n\r\n|\n\n|\r\r")
# JSON punctuation per photo: base64 has none of it, and each character may make an object.
_MAX_MARKS = 100
_JSON_FORM = '{"images": [{"b64": "…"}]}'


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
        """
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
            MalformedRequest: its JSON or multipart form is invalid.
            NoPhoto: it has no photo.
            TooManyPhotos: it has more than the limit.
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

    def _multipart(self, request: Request, body: bytes) -> list[Photo]:
        parts: list[tuple[str | None, io.BytesIO]] = []

        def begin_part(*_: Any, filename: str | None = None, **__: Any) -> io.BytesIO:
            # The parser's result is grouped by field; this keeps the order of the form.
            parts.append((filename, io.BytesIO()))
            return parts[-1][1]

        max_parts = self._max_photos + _MAX_OTHER_PARTS
        self._check_headers(body, request.mimetype_params.get("boundary", "").encode(), max_parts)
        parser = FormDataParser(stream_factory=begin_part, silent=False, max_form_parts=max_parts)
        try:
            parser.parse(io.BytesIO(body), request.mimetype, len(body), request.mimetype_params)
        except RequestEntityTooLarge as error:
            raise self._too_many("too many") from error
        except ValueError as error:
            raise MalformedRequest(f"The multipart form can't be read: {error}.") from error
        # A browser sends an empty file field as a part without name and bytes.
        files = [(name, file.getvalue()) for name, file in parts if name or file.getvalue()]
        return [
            Photo((name or str(index))[:MAX_NAME_LENGTH], encoded)
            for index, (name, encoded) in enumerate(files)
        ]

    def _check_headers(self, body: bytes, boundary: bytes, max_parts: int) -> None:
        """Check the number of parts, and the length of the headers of each."""
        delimiter, parts = b"--" + boundary, 0
        position = body.find(delimiter) if boundary else -1
        while position >= 0:
            position += len(delimiter)
            if not body.startswith(b"--", position):  # `--` ends the form.
                end = _BLANK_LINE.search(body, position, position + _MAX_PART_HEADERS)
                if end is None:
                    raise MalformedRequest(
                        "The headers of a part of the multipart form do not end within"
                        f" {_MAX_PART_HEADERS:,} bytes."
                    )
                position = end.end() - 2
            parts += 1
            if parts > max_parts + 1:
                raise self._too_many("too many")
            position = body.find(delimiter, position)

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
                f"Content-Type is JSON, but the body is not valid JSON ({error}). Send"
                f" {_JSON_FORM}."
            ) from error
        images = document.get("images") if isinstance(document, dict) else None
        if not isinstance(images, list):
            raise MalformedRequest(f"The JSON has no list 'images'. Send {_JSON_FORM}.")
        if len(images) > self._max_photos:
            raise self._too_many(f"{len(images):,}")
        return [_json_photo(index, image) for index, image in enumerate(images)]

    def _too_large(self, received: str) -> BodyTooLarge:
        return BodyTooLarge(
            f"The body has {received}; the maximum is {self._max_body_bytes:,}."
            " Send a smaller photo, or fewer at once."
        )

    def _too_many(self, received: str) -> TooManyPhotos:
        return TooManyPhotos(
            f"There are {received} photos in the request; the maximum is {self._max_photos}."
        )


def _json_photo(index: int, image: Any) -> Photo:
    text = image.get("b64") if isinstance(image, dict) else None
    if not isinstance(text, str):
        raise MalformedRequest(f"Image {index} of the JSON has no text 'b64'. Send {_JSON_FORM}.")
    try:
        return Photo(str(index), base64.b64decode(text, validate=True))
    except ValueError as error:
        raise MalformedRequest(f"Image {index} of the JSON is not base64: {error}.") from error
