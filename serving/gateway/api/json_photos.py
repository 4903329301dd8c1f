"""The photos in a JSON document, as base64."""

import base64
import json
import re
from typing import Any

from serving.gateway.api.mistaken_bodies import JSON_FORM, is_address, mistaken_for_a_photo
from serving.gateway.inference.results import Photo
from serving.http_errors import MalformedRequest, TooManyPhotos
from serving.photos.headers.inspection import image_format

# JSON punctuation per photo: base64 has none of it, and each character may make an object.
_MAX_MARKS = 100
_MAX_KEYS_SHOWN = 5
_ADDRESS_HEAD = 100
_LINES = 2000  # Characters of base64 in which line breaks are looked for.
_NOT_FETCHED = "Photos are not fetched: download it, and send its bytes in base64"
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
        named = f"of Content-Type {content_type!r}" if content_type else "without a Content-Type"
        raise MalformedRequest(f"The body, {named}, is not {_why_not_json(body, error)}") from error
    images = document.get("images") if isinstance(document, dict) else None
    if not isinstance(images, list):
        raise MalformedRequest(f"The JSON {_instead_of_images(document)}. Send {JSON_FORM}.")
    if len(images) > max_photos:
        raise TooManyPhotos(
            f"There are {len(images):,} photos in the request; the maximum is {max_photos}."
        )
    return [Photo(str(index), _encoded(index, image)) for index, image in enumerate(images)]


def _why_not_json(body: bytes, error: Exception) -> str:
    if found := image_format(body):
        return f"JSON but a {found} photo. Send it as image/{found.lower()}, or {JSON_FORM}."
    if mistaken := mistaken_for_a_photo(body):
        return f"JSON. {mistaken}"
    if isinstance(error, json.JSONDecodeError):
        reason = str(error)
    elif isinstance(error, UnicodeDecodeError):
        reason = f"its text is not {error.encoding.upper()}, from byte {error.start:,}"
    elif isinstance(error, RecursionError):
        reason = "it is nested too deeply"
    else:
        reason = "a number has too many digits"
    return f"valid JSON ({reason}). Send {JSON_FORM}."


def _instead_of_images(document: Any) -> str:
    if _has_address(document):
        return f"has the address of a photo. {_NOT_FETCHED}"
    if isinstance(document, list):
        return "has no list 'images', but is a list"
    if not isinstance(document, dict):
        return f"has no list 'images', but is {_kind(document)}"
    if "images" in document:
        return f"has {_kind(document['images'])} as 'images', which must be a list"
    return f"has no list 'images', but {_keys(document)}"


def _keys(document: dict[str, Any]) -> str:
    keys = [repr(key[:40]) for key in list(document)[:_MAX_KEYS_SHOWN]]
    return f"has {', '.join(keys)}" if keys else "is empty"


def _kind(value: Any) -> str:
    kinds = {str: "text", dict: "an object", list: "a list", bool: "true or false"}
    return "null" if value is None else kinds.get(type(value), "a number")


def _has_address(value: Any, depth: int = 3) -> bool:
    if isinstance(value, str):
        return is_address(value[:_ADDRESS_HEAD].encode("utf-8", "replace"))
    inner = value.values() if isinstance(value, dict) else value
    return (
        depth > 0
        and isinstance(value, dict | list)
        and any(_has_address(each, depth - 1) for each in inner)
    )


def _encoded(index: int, image: Any) -> bytes:
    text = image.get("b64") if isinstance(image, dict) else None
    if not isinstance(text, str):
        raise MalformedRequest(f"Image {index} of the JSON {_instead_of_b64(image)}.")
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:
        return _leniently_decoded(index, text)


def _instead_of_b64(image: Any) -> str:
    if _has_address(image):
        return f"is the address of a photo. {_NOT_FETCHED}. Send {JSON_FORM}"
    if not isinstance(image, dict):
        return f"is {_kind(image)}; it must be an object: {JSON_FORM}"
    if "b64" in image:
        return f"has {_kind(image['b64'])} as 'b64'; it must be the photo in base64: {JSON_FORM}"
    return f"has no 'b64', but {_keys(image)}. Send {JSON_FORM}"


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
    if _has_address(text):
        reason = f"it is the address of a photo. {_NOT_FETCHED}"
    elif text.startswith(("b'", 'b"')):
        reason = "it begins with b, as Python prints bytes. Decode them: b64encode(…).decode()"
    elif _lost_plus(text[start : start + _LINES]):
        reason = "spaces stand in place of '+', as URL decoding leaves them"
    elif wrong:
        shown = compact[wrong.start() :][:4].decode("utf-8", "ignore")[:1] or "�"
        reason = f"{shown!r} is not a letter of base64"
    elif len(compact) % 4 == 1:
        reason = f"it has {len(compact):,} letters, one more or three less than whole bytes need"
    else:
        return base64.b64decode(compact + b"=" * (-len(compact) % 4))
    raise MalformedRequest(f"Image {index} of the JSON is not base64: {reason}.")


def _lost_plus(text: str) -> bool:
    """Return whether spaces are letters, not line breaks, which leave pieces of one length."""
    lengths = {len(piece) for piece in text.strip().split(" ")[:-1]}
    return not text.strip().count("\n") and len(lengths - {64, 76}) > 1
