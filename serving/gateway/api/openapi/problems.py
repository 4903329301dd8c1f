"""The error answers: one example of every error, made as the gateway makes it."""

from http import HTTPStatus
from itertools import groupby
from typing import Any

from openapi_pydantic import Example, Header, MediaType, Reference, Response, Schema

from serving import errors
from serving.errors import NotExplainable
from serving.gateway.api.openapi.schemas import schema_of
from serving.gateway.api.responses import PROBLEM
from serving.gateway.api.schemas import Problem
from serving.gateway.settings import Settings
from serving.photos import errors as photo_errors

EXAMPLE_REQUEST_ID = "0b8e6c1f"

_HEADER_MEANINGS = {
    "Retry-After": "In how many seconds to try again.",
    "WWW-Authenticate": "How to send the key (RFC 9110).",
}


def request_id_header() -> dict[str, Header | Reference]:
    """Return the header that every answer carries."""
    meaning = "The request's id: the caller's, if it is a good one, else a new one."
    return {"X-Request-ID": _header(meaning, EXAMPLE_REQUEST_ID, r"^[A-Za-z0-9._-]{1,64}$")}


def examples(settings: Settings) -> dict[str, errors.PhotolabelError]:
    """Return one error of each kind, by the last part of its type.

    Args:
        settings: where names and limits in the texts come from.
    """
    made = [*_of_requests(settings), *_of_photos(settings), *_of_the_service(settings)]
    return {error.slug: error for error in made}


def _of_requests(settings: Settings) -> list[errors.PhotolabelError]:
    names, most = ", ".join(settings.models), settings.max_photos
    return [
        errors.MalformedRequest("top is '0'; it has to be a whole number from 1."),
        errors.NoPhoto("Send the photo as the body, as file parts of a form, or as JSON."),
        errors.Unauthorized("Send the header 'Authorization: Bearer KEY' with your API key."),
        errors.UnknownPath("There is nothing at /v2. GET /v1/models lists the models."),
        errors.UnknownModel(f"There is no model 'gloves'; served are {names}."),
        errors.UnknownVersion(f"There is no {settings.models[0]}, version 9."),
        NotExplainable(f"Model {settings.models[0]}, version 1, has no signature 'explain'."),
        errors.UploadTimeout(
            f"The body did not arrive within {settings.time_budget:g} s. Send a smaller photo."
        ),
        errors.BodyTooLarge(
            f"The body has more bytes; at most {settings.max_body_bytes:,} are accepted."
        ),
        errors.TooManyPhotos(
            f"There are {most + 1} photos in the request; at most {most} are accepted."
        ),
    ]


def _of_photos(settings: Settings) -> list[errors.PhotolabelError]:
    formats, most = (
        ", ".join(settings.photo_limits().formats),
        f"{settings.photo_limits().max_pixels:,}",
    )
    scans = f"The JPEG has 10,000 scans; at most {settings.photo_limits().max_scans} are accepted."
    damaged = photo_errors.DamagedPhoto(
        "The JPEG image does not decode (image file is truncated). Send a complete, intact file."
    )
    foreign = photo_errors.NotAnImage(f"The file is empty; accepted are {formats}.")
    return [
        _of_one_photo(
            photo_errors.TooManyPixels(f"The photo has too many pixels; at most {most}.")
        ),
        _of_one_photo(photo_errors.TooCostly(scans)),
        _of_one_photo(foreign),
        _of_one_photo(
            photo_errors.UnsupportedFormat(f"This is a HEIC photo; accepted are {formats}.")
        ),
        _of_one_photo(damaged),
        photo_errors.BadPhotos([("shirt.jpg", damaged), ("notes.txt", foreign)], 3),
    ]


def _of_the_service(settings: Settings) -> list[errors.PhotolabelError]:
    budget, places = f"{settings.time_budget:g} s", settings.max_in_flight
    return [
        errors.TooManyRequests(
            f"{places} requests are being worked on, which is the most. Try again shortly."
        ),
        errors.InternalError(
            f"It is in the log of the service under the request id {EXAMPLE_REQUEST_ID}."
        ),
        errors.ModelServerUnavailable("The model server does not answer. Try again shortly."),
        errors.ModelNotReady(f"Model {settings.models[0]} is not loaded. Wait until it is."),
        errors.DeadlineExceeded(f"The request took longer than its {budget}. Try again."),
    ]


def _of_one_photo(error: photo_errors.BadPhoto) -> photo_errors.BadPhotos:
    return photo_errors.BadPhotos([("shirt.jpg", error)], 1)


def problem_responses(
    slugs: tuple[str, ...], settings: Settings
) -> dict[str, Response | Reference]:
    """Return the error answers of an operation, by status.

    Args:
        slugs: what can go wrong, by the last parts of the types.
        settings: as in `examples`.

    Raises:
        KeyError: there is no such error.
    """
    known = examples(settings)
    found = sorted((known[slug] for slug in slugs), key=lambda error: error.status)
    return {
        str(int(status)): _response(status, list(group))
        for status, group in groupby(found, key=lambda error: error.status)
    }


def _response(status: HTTPStatus, kinds: list[errors.PhotolabelError]) -> Response:
    headers = request_id_header()
    for kind in kinds:
        for name, value in kind.headers().items():
            headers[name] = _header(_HEADER_MEANINGS[name], value)
    types = [kind.problem()["type"] for kind in kinds]
    narrowed = Schema(properties={"type": Schema(enum=types), "status": Schema(const=int(status))})
    shown: dict[str, Example | Reference] = {
        kind.slug: Example(summary=kind.title, value=_problem(kind)) for kind in kinds
    }
    content = MediaType(schema=Schema(allOf=[schema_of(Problem), narrowed]), examples=shown)
    titles = "; ".join(kind.title for kind in kinds)
    return Response(description=f"{titles}.", headers=headers, content={PROBLEM: content})


def _problem(kind: errors.PhotolabelError) -> dict[str, Any]:
    problem = Problem.model_validate({**kind.problem(), "request_id": EXAMPLE_REQUEST_ID})
    return problem.model_dump(exclude_none=True)


def _header(meaning: str, example: str, pattern: str | None = None) -> Header:
    schema = Schema(type="string", pattern=pattern) if pattern else Schema(type="string")
    return Header(description=meaning, required=True, schema=schema, example=example)
