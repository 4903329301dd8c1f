"""The photos in a JSON document, as base64."""

import base64
import json
import re
from typing import Any

from serving.gateway.inference.results import Photo
from serving.http_errors import MalformedRequest, TooManyPhotos

JSON_FORM = '{"images": [{"b64": "…"}]}'

# JSON punctuation per photo: base64 has none of it, and each character may make an object.
_MAX_MARKS = 100
_MAX_KEYS_SHOWN = 5
_DATA_URL = re.compile(r"\s*data:([^,]{0,1000}),", re.IGNORECASE)
_URL_SAFE = bytes.maketrans(b"-_", b"+/")  # RFC 4648, section 5.
_NOT_BASE64 = re.compile(rb"[^A-Za-z0-9+/]")


def json_photos(body: bytes, content_type: str, max_photos: int) -> list[Photo]:
    """Return the photos of a JSON document, in its order.

    Args:
        body: the document, in UTF-8, UTF-16 or UTF-32.
        content_type: as it was sent, for messages.
        max_photos: how many there may be.

    Raises:
        MalformedRequest: it does not have the form of the API.
        TooManyPhotos: it has more.
    """
    marks = sum(body.count(mark) for mark in (b"[", b"{", b",", b":"))
    if marks > _MAX_MARKS * (max_photos + 1):
        raise MalformedRequest(
            f"The JSON has {marks:,} brackets, commas and colons, far more than {JSON_FORM} needs."
        )
    try:
        document: Any = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise MalformedRequest(
            f"The body, of Content-Type {content_type!r}, is not valid JSON ({error}). Send"
            f" {JSON_FORM}."
        ) from error
    images = document.get("images") if isinstance(document, dict) else None
    if not isinstance(images, list):
        raise MalformedRequest(
            f"The JSON has no list 'images', but {_shown(document)}. Send {JSON_FORM}."
        )
    if len(images) > max_photos:
        raise TooManyPhotos(
            f"There are {len(images):,} photos in the request; the maximum is {max_photos}."
        )
    return [Photo(str(index), _encoded(index, image)) for index, image in enumerate(images)]


def _shown(document: Any) -> str:
    if isinstance(document, list):
        return "is a list"
    if not isinstance(document, dict):
        return f"is {'text' if isinstance(document, str) else 'a single value'}"
    if "images" in document:
        return "its 'images' is no list"
    keys = [repr(str(key)[:40]) for key in list(document)[:_MAX_KEYS_SHOWN]]
    return f"has {', '.join(keys)}" if keys else "is empty"


def _encoded(index: int, image: Any) -> bytes:
    text = image.get("b64") if isinstance(image, dict) else None
    if not isinstance(text, str):
        raise MalformedRequest(f"Image {index} of the JSON has no text 'b64'. Send {JSON_FORM}.")
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:
        return _leniently_decoded(index, text)


def _leniently_decoded(index: int, text: str) -> bytes:
    """Decode base64 with what encoders add or leave out.

    A `data:` URL (RFC 2397), line breaks, the alphabet for URLs, no padding.
    """
    start = 0
    if url := _DATA_URL.match(text):
        if not url[1].strip().lower().endswith("base64"):
            raise MalformedRequest(
                f"Image {index} of the JSON is a data: URL, but not in base64. Send 'data:;base64,'"
                " and the photo in base64, or only the latter."
            )
        start = url.end()
    compact = (
        text[start:].encode("utf-8", "surrogatepass").translate(_URL_SAFE, b" \t\r\n").rstrip(b"=")
    )
    wrong = _NOT_BASE64.search(compact)
    if wrong:
        shown = compact[wrong.start() :][:4].decode("utf-8", "ignore")[:1] or "�"
        reason = f"{shown!r} is not a letter of base64"
    elif len(compact) % 4 == 1:
        reason = f"it has {len(compact):,} letters, one more or three less than whole bytes need"
    else:
        return base64.b64decode(compact + b"=" * (-len(compact) % 4))
    raise MalformedRequest(f"Image {index} of the JSON is not base64: {reason}.")
