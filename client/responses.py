"""From an HTTP response to its JSON value or to an error of this package."""

import json
import time
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

from client.errors import BadAnswer, Refused

_PNG = b"\x89PNG\r\n\x1a\n"


def value(response: httpx.Response) -> Any:
    """Return the JSON value of a successful response.

    Raises:
        Refused: the API answered with a problem.
        BadAnswer: whoever answered is not the API: a redirect, the page of a proxy, no JSON.
    """
    if response.has_redirect_location:
        target = response.headers["Location"]
        raise BadAnswer(f"{response.url} redirects to {target}: give the address that answers")
    try:
        document = json.loads(response.content)
    except (ValueError, RecursionError) as error:
        raise _not_ours(response) from error
    if response.is_success:
        return document
    raise _refused(response, document)


def picture(response: httpx.Response) -> bytes:
    """Return the PNG file of a successful response.

    Raises:
        Refused: the API answered with a problem.
        BadAnswer: whoever answered is not the API, or sends no PNG file.
    """
    if response.is_success and response.content.startswith(_PNG):
        return response.content
    value(response)
    raise _not_ours(response)


def _refused(response: httpx.Response, problem: Any) -> Refused:
    if not isinstance(problem, dict) or not isinstance(problem.get("title"), str):
        raise _not_ours(response)
    return Refused(
        response.status_code,
        type=str(problem.get("type", "about:blank")),
        title=problem["title"],
        detail=str(problem.get("detail", "")),
        retry_after=_seconds(response.headers.get("Retry-After")),
        problem=problem,
    )


def _not_ours(response: httpx.Response) -> BadAnswer:
    kind = response.headers.get("Content-Type", "without a type")
    return BadAnswer(
        f"{response.url} answered {response.status_code} ({kind}), which is not an answer of"
        " Photolabel: is the address right?"
    )


def _seconds(retry_after: str | None) -> float | None:
    """Return the seconds of a `Retry-After` header, which holds a number or a date."""
    if retry_after is None:
        return None
    if retry_after.isascii() and retry_after.isdigit():
        return float(retry_after)
    try:
        return max(0.0, parsedate_to_datetime(retry_after).timestamp() - time.time())
    except ValueError:
        return None
