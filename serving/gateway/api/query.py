"""The parameters of a request's query.

Under `/v1/` only those that the route declares are accepted: a misspelled one would be ignored
silently. Pages ignore unknown ones, which links from elsewhere add.
"""

from collections.abc import Iterable

from flask import Request

from serving.gateway.api.responses import JSON, PNG
from serving.http_errors import MalformedRequest

FORMATS = {"json": JSON, "png": PNG}
MODELS = "models"
"""The check that a readiness probe may exclude."""

_SHOWN = 40  # Characters of an unknown parameter's name.


def check_query(request: Request, known: Iterable[str]) -> None:
    """Check the query against the parameters of the request's route.

    Raises:
        MalformedRequest: it has an unknown parameter, or one of them twice.
    """
    known = tuple(known)
    for name, values in request.args.lists():
        if name not in known:
            shown = f"{name[:_SHOWN]}…" if len(name) > _SHOWN else name
            raise MalformedRequest(
                f"There is no query parameter {shown!r} here. Leave it out; this path takes"
                f" {', '.join(known) or 'none'}."
            )
        if len(values) > 1:
            raise MalformedRequest(
                f"The query parameter {name} is given {len(values):,} times. Give it once."
            )


def top(request: Request) -> int | None:
    """Return how many classes to return; None: all.

    Raises:
        MalformedRequest: it is not a whole number from 1.
    """
    text = request.args.get("top")
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 10 and int(text) > 0):
        raise MalformedRequest(f"top is {text!r}; it must be a whole number from 1.")
    return int(text)


def media_type(request: Request) -> str:
    """Return the media type to respond with: from `format`, else the best match for `Accept`.

    Raises:
        MalformedRequest: `format` is unknown.
    """
    named = request.args.get("format")
    if named is None:
        return request.accept_mimetypes.best_match([JSON, PNG], JSON) or JSON
    if named not in FORMATS:
        raise MalformedRequest(f"format is {named!r}; it must be {' or '.join(FORMATS)}.")
    return FORMATS[named]


def excludes_models(request: Request) -> bool:
    """Return whether a probe leaves the models out: `exclude=models`.

    The name is that of Kubernetes' API server (`/readyz?exclude=CHECK`), which ignores checks that
    it does not know; here a typo must not make a probe stricter than it was meant to be.

    Raises:
        MalformedRequest: `exclude` is something else, or given twice.
    """
    values = request.args.getlist("exclude")
    if values not in ([], [MODELS]):
        shown = ",".join(values)[:_SHOWN]
        raise MalformedRequest(f"exclude is {shown!r}; it must be {MODELS}, given once.")
    return bool(values)
