"""What people send in place of a photo's bytes, recognized so that the error can say what it is."""

import base64
import binascii
import re

from serving.gateway.api.json_photos import JSON_FORM
from serving.http_errors import MalformedRequest
from serving.photos.headers.inspection import image_format

_BASE64_HEAD = re.compile(rb"[A-Za-z0-9+/_-]{16,64}")
_FORM_FIELD = re.compile(rb"([A-Za-z0-9_.%+\[\]-]{1,64})=")
_FILE_NAME = re.compile(rb"@?[^\r\n]{1,250}\.(?:jpe?g|png|webp|gif|bmp|tiff?|heic|avif)\s*", re.I)
_CURL_LENGTH = 4096  # A photo of this length has line breaks among its bytes.


def check_url_encoded(body: bytes) -> None:
    """Check a body that was sent as `application/x-www-form-urlencoded`: a photo may be.

    Raises:
        MalformedRequest: it is a form, or a photo that curl's `-d` has damaged.
    """
    if field := _FORM_FIELD.match(body):
        raise MalformedRequest(
            f"The body is a URL-encoded form with the field {field[1].decode()!r}. Send the photo"
            " as the body, or as a file part of a form of type multipart/form-data."
        )
    if len(body) > _CURL_LENGTH and not body[:64].isascii() and not re.search(rb"[\r\n]", body):
        raise MalformedRequest(
            "The photo has lost the bytes of its line breaks, as with curl's -d. Send it with"
            " --data-binary @photo.jpg."
        )


def mistaken_for_a_photo(encoded: bytes) -> str | None:
    """Return what text was sent in place of a photo and what to do, or None."""
    head = encoded[:1024].lstrip()
    if head[:5].lower() == b"data:":
        return f"This is a data: URL, text in place of a photo. {_INSTEAD}"
    if head[:8].lower().startswith((b"http://", b"https://")):
        return "This is the address of a photo. Download it and send its bytes: none is fetched."
    if head.startswith(b"--") and b"content-disposition:" in head.lower():
        return (
            "This is a multipart form. Don't set Content-Type yourself: what builds the form sets"
            " it to multipart/form-data with its boundary."
        )
    if _FILE_NAME.fullmatch(encoded):
        return "This is the name of a file. Send its bytes: curl needs an @ before the name."
    if (text := _BASE64_HEAD.match(head)) and image_format(_decoded(text[0])):
        return f"This is a photo in base64, text in place of its bytes. {_INSTEAD}"
    return None


_INSTEAD = f"Send the file's bytes, or the text in JSON: {JSON_FORM}."


def _decoded(text: bytes) -> bytes:
    try:
        return base64.urlsafe_b64decode(text[: len(text) // 4 * 4].translate(_TO_URL_SAFE))
    except binascii.Error:
        return b""


_TO_URL_SAFE = bytes.maketrans(b"+/", b"-_")
