"""The document as the page shows it: paths that do the same together, references resolved."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from serving.gateway.api.responses import JSON, PROBLEM

JsonObject = dict[str, Any]

NOT_ALWAYS = ", not always"


@dataclass(frozen=True)
class Field:
    """One member of an answer: where it is, its type, what it means."""

    path: str
    type: str
    meaning: str


@dataclass(frozen=True)
class Answer:
    """One answer that is no error: its example is JSON, where it has one."""

    status: str
    meaning: str
    example: str | None
    fields: list[Field]


@dataclass(frozen=True)
class Failure:
    """One kind of error."""

    status: str
    slug: str
    title: str
    detail: str
    headers: list[str]


@dataclass(frozen=True)
class Entry:
    """What one handler does, at all of its paths.

    Attributes:
        anchor: its name within the page.
        group: what it belongs to.
        method: the HTTP method.
        paths: the shortest first.
        operation: the OpenAPI operation of the shortest path.
        parameters: those of all paths.
        answers: those that are no errors.
        failures: what can go wrong.
    """

    anchor: str
    group: str
    method: str
    paths: list[str]
    operation: JsonObject
    parameters: list[JsonObject]
    answers: list[Answer]
    failures: list[Failure]


def entries(document: JsonObject) -> list[Entry]:
    """Return what a document describes, in its order."""
    found: dict[tuple[str, str], list[tuple[str, JsonObject]]] = {}
    for path, item in document["paths"].items():
        for method, operation in item.items():
            found.setdefault((method.upper(), operation["summary"]), []).append((path, operation))
    schemas = document["components"]["schemas"]
    return [_entry(method, alike, schemas) for (method, _), alike in found.items()]


def all_failures(shown: list[Entry]) -> list[Failure]:
    """Return every kind of error once, by status."""
    kinds = {failure.slug: failure for entry in shown for failure in entry.failures}
    return sorted(kinds.values(), key=lambda kind: kind.status)


def _entry(method: str, alike: list[tuple[str, JsonObject]], schemas: JsonObject) -> Entry:
    alike = sorted(alike, key=lambda each: len(each[0]))
    operation = alike[0][1]
    parameters = {
        (each["in"], each["name"]): each for _, other in alike for each in other["parameters"]
    }
    places = ["path", "query", "header"]
    responses = operation["responses"]
    return Entry(
        anchor=operation["operationId"],
        group=operation["tags"][0],
        method=method,
        paths=[path for path, _ in alike],
        operation=operation,
        parameters=sorted(parameters.values(), key=lambda each: places.index(each["in"])),
        answers=[
            _answer(status, response, schemas)
            for status, response in responses.items()
            if PROBLEM not in response.get("content", {})
        ],
        failures=[
            failure for status in responses for failure in _failures(status, responses[status])
        ],
    )


def _answer(status: str, response: JsonObject, schemas: JsonObject) -> Answer:
    content = response.get("content", {}).get(JSON, {})
    example = content.get("example")
    shown = None if example is None else json.dumps(example, indent=2, ensure_ascii=False)
    fields = {field.path: field for field in _fields(content.get("schema", {}), schemas)}
    return Answer(status, response["description"], shown, list(fields.values()))


def _fields(schema: JsonObject, schemas: JsonObject, above: str = "") -> Iterator[Field]:
    """Yield all members of a schema, those within them behind a dot or, in a list, `[]`."""
    schema = _resolved(schema, schemas)
    yield from _fields_of_any(schema.get("oneOf", []), schemas, above)
    if "items" in schema:
        yield from _fields(schema["items"], schemas, f"{above}[]")
    for name, member in schema.get("properties", {}).items():
        inner, path = _resolved(member, schemas), f"{above}.{name}".removeprefix(".")
        optional = "" if name in schema.get("required", []) else NOT_ALWAYS
        kind = inner.get("type") or type(inner.get("const")).__name__
        yield Field(path, f"{kind}{optional}", inner.get("description", ""))
        yield from _fields(member, schemas, path)


def _fields_of_any(choices: list[JsonObject], schemas: JsonObject, above: str) -> Iterator[Field]:
    """Yield the members that a value of one of several schemas may have."""
    found = [{field.path: field for field in _fields(each, schemas, above)} for each in choices]
    for path, field in {path: field for fields in found for path, field in fields.items()}.items():
        optional = "" if all(path in fields for fields in found) else NOT_ALWAYS
        yield Field(path, field.type.removesuffix(NOT_ALWAYS) + optional, field.meaning)


def _resolved(schema: JsonObject, schemas: JsonObject) -> JsonObject:
    name = schema.get("$ref", "").rpartition("/")[2]
    return {**schemas[name], **schema} if name else schema


def _failures(status: str, response: JsonObject) -> Iterator[Failure]:
    problems = response.get("content", {}).get(PROBLEM, {})
    headers = [name for name in response["headers"] if name != "X-Request-ID"]
    for slug, example in problems.get("examples", {}).items():
        yield Failure(status, slug, example["summary"], example["value"]["detail"], headers)
