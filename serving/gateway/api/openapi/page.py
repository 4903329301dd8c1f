"""The OpenAPI document as the page shows it: by operation, with references resolved."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from serving.gateway.api.responses import JSON, PROBLEM

JsonObject = dict[str, Any]

OPTIONAL = ", optional"


@dataclass(frozen=True)
class Field:
    """One member of a response: where it is, its type, what it means."""

    path: str
    type: str
    meaning: str


@dataclass(frozen=True)
class SuccessfulResponse:
    """A response that is not an error, with an example if it is JSON."""

    status: str
    meaning: str
    example: str | None
    fields: list[Field]


@dataclass(frozen=True)
class ErrorResponse:
    """One kind of error."""

    status: str
    slug: str
    title: str
    detail: str
    headers: list[str]


@dataclass(frozen=True)
class Entry:
    """One handler, with all of its paths, the shortest first; `operation` is of the shortest."""

    method: str
    paths: list[str]
    operation: JsonObject
    parameters: list[JsonObject]
    responses: list[SuccessfulResponse]
    errors: list[ErrorResponse]


def entries(document: JsonObject) -> list[Entry]:
    """Return the handlers that a document describes, in its order."""
    found: dict[tuple[str, str], list[tuple[str, JsonObject]]] = {}
    for path, item in document["paths"].items():
        for method, operation in item.items():
            found.setdefault((method.upper(), operation["summary"]), []).append((path, operation))
    schemas = document["components"]["schemas"]
    return [_entry(method, alike, schemas) for (method, _), alike in found.items()]


def all_errors(shown: list[Entry]) -> list[ErrorResponse]:
    """Return every kind of error once, by status."""
    kinds = {error.slug: error for entry in shown for error in entry.errors}
    return sorted(kinds.values(), key=lambda kind: kind.status)


def _entry(method: str, alike: list[tuple[str, JsonObject]], schemas: JsonObject) -> Entry:
    alike = sorted(alike, key=lambda each: len(each[0]))
    operation = alike[0][1]
    parameters = {
        (each["in"], each["name"]): each for _, other in alike for each in other["parameters"]
    }
    locations = ["path", "query", "header"]
    responses = operation["responses"]
    return Entry(
        method=method,
        paths=[path for path, _ in alike],
        operation=operation,
        parameters=sorted(parameters.values(), key=lambda each: locations.index(each["in"])),
        responses=[
            _successful(status, response, schemas)
            for status, response in responses.items()
            if PROBLEM not in response.get("content", {})
        ],
        errors=[error for status in responses for error in _errors(status, responses[status])],
    )


def _successful(status: str, response: JsonObject, schemas: JsonObject) -> SuccessfulResponse:
    content = response.get("content", {}).get(JSON, {})
    example = content.get("example")
    shown = None if example is None else json.dumps(example, indent=2, ensure_ascii=False)
    fields = {field.path: field for field in _fields(content.get("schema", {}), schemas)}
    return SuccessfulResponse(status, response["description"], shown, list(fields.values()))


def _fields(schema: JsonObject, schemas: JsonObject, above: str = "") -> Iterator[Field]:
    """Yield all members of a schema, nested ones by paths such as `models[].name`."""
    schema = _resolved(schema, schemas)
    yield from _fields_of_any(schema.get("oneOf", []), schemas, above)
    if "items" in schema:
        yield from _fields(schema["items"], schemas, f"{above}[]")
    for name, member in schema.get("properties", {}).items():
        inner, path = _resolved(member, schemas), f"{above}.{name}".removeprefix(".")
        optional = "" if name in schema.get("required", []) else OPTIONAL
        kind = inner.get("type") or type(inner.get("const")).__name__
        yield Field(path, f"{kind}{optional}", inner.get("description", ""))
        yield from _fields(member, schemas, path)


def _fields_of_any(choices: list[JsonObject], schemas: JsonObject, above: str) -> Iterator[Field]:
    """Yield the members that a value of any of several schemas may have."""
    found = [{field.path: field for field in _fields(each, schemas, above)} for each in choices]
    for path, field in {path: field for fields in found for path, field in fields.items()}.items():
        optional = "" if all(path in fields for fields in found) else OPTIONAL
        yield Field(path, field.type.removesuffix(OPTIONAL) + optional, field.meaning)


def _resolved(schema: JsonObject, schemas: JsonObject) -> JsonObject:
    name = schema.get("$ref", "").rpartition("/")[2]
    return {**schemas[name], **schema} if name else schema


def _errors(status: str, response: JsonObject) -> Iterator[ErrorResponse]:
    problems = response.get("content", {}).get(PROBLEM, {})
    headers = [name for name in response["headers"] if name != "X-Request-ID"]
    for slug, example in problems.get("examples", {}).items():
        detail = example["value"]["detail"]
        yield ErrorResponse(status, slug, example["summary"], detail, headers)
