"""The responses of a route: the successful ones, and every error with an example."""

from collections.abc import Iterable, Iterator
from itertools import groupby

from openapi_pydantic import Example, Header, MediaType, Reference, Response, Schema
from openapi_pydantic.util import PydanticSchema

from serving.gateway.api.openapi.examples import ExampleModel
from serving.gateway.api.responses import JSON, PNG, PROBLEM
from serving.gateway.api.routing import Described
from serving.gateway.api.schemas import Problem
from serving.gateway.settings import Settings
from serving.http_errors import MethodNotAllowed, PhotolabelError

EXAMPLE_REQUEST_ID = "0b8e6c1f"

_TEXT = Schema(type="string")
_SCHEMAS = {JSON: Schema(type="object"), PNG: Schema(type="string", schema_format="binary")}
_HEADER_MEANINGS = {
    "Accept-Encoding": "The content codings that are accepted, if the body's is not.",
    "Retry-After": "Seconds to wait before a retry.",
    "WWW-Authenticate": "How to send the key (RFC 9110).",
}


def successful_response(described: Described, model: ExampleModel) -> Response:
    """Return a response that is not an error, with an example of a model."""
    content = {each: MediaType(schema=_SCHEMAS.get(each, _TEXT)) for each in described.media_types}
    if described.example:
        example = described.example(model)
        schema: Schema = PydanticSchema(schema_class=type(example))
        shown = MediaType(schema=schema, example=example.model_dump(exclude_none=True))
        content = {JSON: shown, **content}
    response = Response(description=described.meaning, headers=_request_id_header())
    if content:  # None would be in the document as null.
        response.content = content
    return response


def error_responses(
    errors: Iterable[type[PhotolabelError]], settings: Settings
) -> dict[str, Response]:
    """Return the error responses of a route, by status.

    Args:
        errors: what can go wrong; a class stands for all of its subclasses.
        settings: the source of names and limits in examples.
    """
    parents = tuple(errors)
    samples = [
        sample for kind, sample in error_samples(settings).items() if issubclass(kind, parents)
    ]
    samples.sort(key=lambda error: error.status)
    return {
        str(int(status)): _error_response(list(group))
        for status, group in groupby(samples, key=lambda error: error.status)
    }


def error_samples(settings: Settings) -> dict[type[PhotolabelError], PhotolabelError]:
    """Return an example of every error that a described route may give."""
    limits = settings.photo_limits()
    values = {
        **settings.model_dump(),
        "models": ", ".join(settings.models),
        "model": settings.models[0],
        "formats": ", ".join(limits.formats),
        "request_id": EXAMPLE_REQUEST_ID,
    }
    kinds = _kinds(PhotolabelError)
    return {kind: kind.sample(values) for kind in kinds if kind is not MethodNotAllowed}


def _kinds(parent: type[PhotolabelError]) -> Iterator[type[PhotolabelError]]:
    """Yield the errors below a class that have a type of their own, in their order."""
    for kind in parent.__subclasses__():
        if "slug" in vars(kind):
            yield kind
        yield from _kinds(kind)


def _error_response(errors: list[PhotolabelError]) -> Response:
    headers = _request_id_header()
    for error in errors:
        for name, value in error.headers().items():
            header = _header(_HEADER_MEANINGS[name], value)
            header.required = all(name in each.headers() for each in errors)
            headers[name] = header
    # One schema for all errors: of schemas that narrow it, generators make none or a dozen classes.
    schema: Schema = PydanticSchema(schema_class=Problem)
    examples: dict[str, Example | Reference] = {}
    for error in errors:
        problem = Problem.model_validate({**error.problem(), "request_id": EXAMPLE_REQUEST_ID})
        shown = problem.model_dump(exclude_none=True)
        examples[error.slug] = Example(summary=error.title, value=shown)
    titles = "; ".join(error.title for error in errors)
    content = {PROBLEM: MediaType(schema=schema, examples=examples)}
    return Response(description=f"{titles}.", headers=headers, content=content)


def _request_id_header() -> dict[str, Header | Reference]:
    meaning = "The request's id: the one that the client sent, if valid, else a new one."
    return {"X-Request-ID": _header(meaning, EXAMPLE_REQUEST_ID, r"^[A-Za-z0-9._-]{1,64}$")}


def _header(meaning: str, example: str, pattern: str | None = None) -> Header:
    schema = Schema(type="string", pattern=pattern) if pattern else Schema(type="string")
    return Header(description=meaning, required=True, schema=schema, example=example)
