"""What people send in place of a photo's bytes, recognized so that the error can say what it is."""

import base64
import binascii
import re
from urllib.parse import unquote_to_bytes

from serving.http_errors import MalformedRequest
from serving.photos.headers.inspection import image_format

JSON_FORM = '{"images": [{"b64": "…"}]}'

_BASE64_HEAD = re.compile(rb"[A-Za-z0-9+/_-]{16,64}")
_ADDRESS = re.compile(rb"\s*(?:[a-z][a-z0-9+.-]{1,20}://|blob:)", re.I)
_DECODED_AS_TEXT = (b"\xef\xbf\xbd", b"\xc3\xbf\xc3\x98", b"\xc2\x89PNG")
_FORM_FIELD = re.compile(rb"([A-Za-z0-9_.%+\[\]-]{1,64})=")
_FILE_NAME = re.compile(rb"@?[^\r\n]{1,250}\.(?:jpe?g|png|webp|gif|bmp|tiff?|heic|avif)\s*", re.I)
_FORM_VALUE = 100  # Bytes in which a URL is recognized.
_CURL_LENGTH = 4096  # A photo of this length has line breaks among its bytes.


def check_url_encoded(body: bytes) -> None:
    """Check a body that was sent as `application/x-www-form-urlencoded`: a photo may be.

    Raises:
        MalformedRequest: it is a form, or a photo that curl's `-d` has damaged.
    """
    if field := _FORM_FIELD.match(body):
        address = is_address(unquote_to_bytes(body[field.end() :][:_FORM_VALUE]))
        raise MalformedRequest(
            f"The body is a URL-encoded form with the field {field[1].decode()!r}"
            f"{', the address of a photo, which is not fetched' if address else ''}. Send the photo"
            " as the body, or as a file part of a form of type multipart/form-data."
        )
    if len(body) > _CURL_LENGTH and not body[:64].isascii() and not re.search(rb"[\r\n]", body):
        raise MalformedRequest(
            "The photo has lost the bytes of its line breaks, as with curl's -d. Send it with"
            " --data-binary @photo.jpg."
        )


def is_address(text: bytes) -> bool:
    """Return whether a text begins as a URL does."""
    return bool(_ADDRESS.match(text, 0, 100))


def mistaken_for_a_photo(encoded: bytes) -> str | None:
    """Return what text was sent in place of a photo and what to do, or None."""
    head = encoded[:1024].lstrip()
    if head[:5].lower() == b"data:":
        return f"This is a data: URL, text in place of a photo. {_INSTEAD}"
    if is_address(head):
        return "This is the address of a photo. Download it and send its bytes: none is fetched."
    if head.startswith(b"--") and b"content-disposition:" in head.lower():
        return (
            "This is a multipart form. Don't set Content-Type yourself: what builds the form sets"
            " it to multipart/form-data with its boundary."
        )
    if _FILE_NAME.fullmatch(encoded):
        return (
            "This is the name of a file. Send its bytes: curl --data-binary @photo.jpg or"
            " curl -F photo=@photo.jpg."
        )
    if head.startswith(b"[object "):
        return (
            "This is '[object …]', the text that JavaScript makes of an object. Send the File or"
            " Blob itself."
        )
    if head.startswith(_DECODED_AS_TEXT):
        return (
            "This is a file that was read as text, which has destroyed its bytes. Read it as bytes"
            " (in JavaScript as an ArrayBuffer or Blob, in Python with 'rb')."
        )
    if re.match(rb"b['\"]", head):
        return "These are bytes as Python prints them. Send the bytes themselves."
    if (text := _BASE64_HEAD.match(head.lstrip(b'"'))) and image_format(_decoded(text[0])):
        return f"This is a photo in base64, text in place of its bytes. {_INSTEAD}"
    return None


_INSTEAD = f"Send the file's bytes, or the text in JSON: {JSON_FORM}."


def _decoded(text: bytes) -> bytes:
    try:
        return base64.urlsafe_b64decode(text[: len(text) // 4 * 4].translate(_TO_URL_SAFE))
    except binascii.Error:
        return b""


_TO_URL_SAFE = bytes.maketrans(b"+/", b"-_")
