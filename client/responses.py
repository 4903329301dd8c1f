"""From an HTTP response to its content, or to an error of this package."""

import json
import time
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

from .errors import BadAnswer, Refused

_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"


def json_value(response: httpx.Response) -> Any:
    """Return the JSON value of a successful response.

    Raises:
        Refused: the API returned an error.
        BadAnswer: the response is not from the API: a redirect, a proxy's page, not JSON.
    """
    if response.has_redirect_location:
        target = response.headers["Location"]
        raise BadAnswer(f"{response.url} redirects to {target}: use the final address")
    try:
        document = json.loads(response.content)
    except (ValueError, RecursionError) as error:
        raise _bad_answer(response) from error
    if response.is_success:
        return document
    if not isinstance(document, dict) or not isinstance(document.get("title"), str):
        raise _bad_answer(response)
    raise Refused(
        response.status_code,
        type=str(document.get("type", "about:blank")),
        title=document["title"],
        detail=str(document.get("detail", "")),
        retry_after=_seconds(response.headers.get("Retry-After")),
        problem=document,
    )


def png_content(response: httpx.Response) -> bytes:
    """Return the PNG file of a successful response.

    Raises:
        Refused: the API returned an error.
        BadAnswer: the response is not from the API, or is not a PNG file.
    """
    if response.is_success and response.content.startswith(_PNG_SIGNATURE):
        return response.content
    json_value(response)
    raise _bad_answer(response)


def _bad_answer(response: httpx.Response) -> BadAnswer:
    kind = response.headers.get("Content-Type", "no content type")
    return BadAnswer(
        f"{response.url} responded with status {response.status_code} ({kind}), but not in"
        " Photolabel's format: is the address right?"
    )


def _seconds(retry_after: str | None) -> float | None:
    """Parse a `Retry-After` header, which holds seconds or a date."""
    if retry_after is None:
        return None
    if retry_after.isascii() and retry_after.isdigit():
        return float(retry_after)
    try:
        return max(0.0, parsedate_to_datetime(retry_after).timestamp() - time.time())
    except ValueError:
        return None
