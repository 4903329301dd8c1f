"""The document as the page shows it: paths that do the same together, references resolved."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

JsonObject = dict[str, Any]


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
        answers: status, meaning and example of each answer that is no error.
        failures: what can go wrong.
    """

    anchor: str
    group: str
    method: str
    paths: list[str]
    operation: JsonObject
    parameters: list[JsonObject]
    answers: list[tuple[str, str, str | None]]
    failures: list[Failure]


def entries(document: JsonObject) -> list[Entry]:
    """Return what a document describes, in its order."""
    found: dict[tuple[str, str], list[tuple[str, JsonObject]]] = {}
    for path, item in document["paths"].items():
        for method, operation in item.items():
            found.setdefault((method.upper(), operation["summary"]), []).append((path, operation))
    return [_entry(method, alike) for (method, _), alike in found.items()]


def all_failures(shown: list[Entry]) -> list[Failure]:
    """Return every kind of error once, by status."""
    kinds = {failure.slug: failure for entry in shown for failure in entry.failures}
    return sorted(kinds.values(), key=lambda kind: kind.status)


def _entry(method: str, alike: list[tuple[str, JsonObject]]) -> Entry:
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
        answers=[answer for status in responses for answer in _answers(status, responses[status])],
        failures=[
            failure for status in responses for failure in _failures(status, responses[status])
        ],
    )


def _answers(status: str, response: JsonObject) -> Iterator[tuple[str, str, str | None]]:
    content = response.get("content", {})
    if "application/problem+json" in content:
        return
    example = content.get("application/json", {}).get("example")
    shown = None if example is None else json.dumps(example, indent=2, ensure_ascii=False)
    yield status, response["description"], shown


def _failures(status: str, response: JsonObject) -> Iterator[Failure]:
    problems = response.get("content", {}).get("application/problem+json", {})
    headers = [name for name in response["headers"] if name != "X-Request-ID"]
    for slug, example in problems.get("examples", {}).items():
        yield Failure(status, slug, example["summary"], example["value"]["detail"], headers)
