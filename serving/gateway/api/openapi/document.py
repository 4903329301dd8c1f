"""The document: every path of the gateway with what `operations` says of its handler."""

import re
from typing import Any
from urllib.parse import quote

from openapi_pydantic import (
    Components,
    Info,
    OpenAPI,
    Operation,
    PathItem,
    SecurityScheme,
    Server,
    Tag,
)
from openapi_pydantic.util import construct_open_api_with_schema_class
from werkzeug.routing import Map, Rule

from serving.gateway.api.openapi.operations import GROUPS, Described, operations
from serving.gateway.api.openapi.parameters import path_parameters
from serving.gateway.api.openapi.problems import problem_responses
from serving.gateway.settings import Settings

API_VERSION = "1.0.0"

_KEY = "ApiKey"
_PART = re.compile(r"<(?:[^:<>]+:)?([^<>]+)>")
_OWN_METHODS = {"HEAD", "OPTIONS"}  # Flask's answers to every path.


def describe(rules: Map, settings: Settings) -> dict[str, Any]:
    """Return the description of an app, as an OpenAPI document.

    Args:
        rules: its paths.
        settings: where its limits come from.

    Raises:
        ValueError: nothing is said of a path's handler.
    """
    described = operations(settings)
    paths: dict[str, PathItem] = {}
    commands: dict[tuple[str, str], list[str]] = {}
    for rule in sorted(rules.iter_rules(), key=lambda rule: _place(rule, described)):
        handler = described[_handler(rule)]
        path = _PART.sub(r"{\1}", rule.rule)
        for method in sorted(each.lower() for each in (rule.methods or set()) - _OWN_METHODS):
            item = paths.setdefault(path, PathItem())
            setattr(item, method, _operation(rule, handler, settings))
            commands[path, method] = _commands(rule, handler, settings)
    made = construct_open_api_with_schema_class(_frame(paths, settings))
    document = made.model_dump(mode="json", by_alias=True, exclude_unset=True)
    for (path, method), lines in commands.items():  # Redoc's extension, which other tools read too.
        samples = [{"lang": "Shell", "source": line} for line in lines]
        document["paths"][path][method]["x-codeSamples"] = samples
    return document


def _handler(rule: Rule) -> str:
    return str(rule.endpoint).rpartition(".")[2]


def _place(rule: Rule, described: dict[str, Described]) -> tuple[int, int]:
    return list(described).index(_handler(rule)), len(rule.rule)


def _frame(paths: dict[str, PathItem], settings: Settings) -> OpenAPI:
    scheme = SecurityScheme(
        type="http",
        scheme="bearer",
        description="An API key; whoever runs the service hands it out."
        if settings.api_keys_file
        else "This service asks for no key.",
    )
    return OpenAPI(
        openapi="3.1.1",
        info=Info(title="Photolabel", version=API_VERSION, description=_introduction(settings)),
        servers=[Server(url="/")],
        paths=paths,
        components=Components(securitySchemes={_KEY: scheme}),
        tags=[Tag(name=name, description=meaning) for name, meaning in GROUPS.items()],
    )


def _introduction(settings: Settings) -> str:
    limits = settings.photo_limits()
    key = "an API key as `Authorization: Bearer KEY`" if settings.api_keys_file else "no API key"
    return (
        f"Send photos, get the probabilities of every class. Served here: "
        f"{', '.join(f'`{name}`' for name in settings.models)}. Paths under `/v1/` ask for {key}.\n"
        "\n"
        f"Accepted formats: {', '.join(limits.formats)}. Maximum: {settings.max_body_bytes:,} bytes"
        f" and {settings.max_photos} photos per request, {limits.max_pixels:,} pixels per photo. A"
        f" request may take {settings.time_budget:g} s.\n"
        "\n"
        "Every error is `application/problem+json` (RFC 9457); its `type` is a name that does not"
        " change. A path that is not here is 404 (`unknown-path`), a method that is not here 405"
        " (`method-not-allowed`, with `Allow`). What is no HTTP is refused before, with a plain"
        " 400, 417 or 431. Where an error carries `Retry-After`, try again after as many seconds."
    )


def _operation(rule: Rule, described: Described, settings: Settings) -> Operation:
    known = path_parameters(settings)
    parts = _PART.findall(rule.rule)
    responses = {str(status): answer for status, answer in described.answers.items()}
    variant = "".join(part.capitalize() for part in parts if part in ("version", "label"))
    more: dict[str, Any] = {
        "tags": [described.group],
        "summary": described.summary,
        "operationId": _handler(rule) + variant,
        "parameters": [*(known[part] for part in parts), *described.parameters],
        "responses": {**responses, **problem_responses(described.problems, settings)},
        "security": _security(described, settings),
    }
    if described.more:
        more["description"] = described.more
    if described.body:
        more["requestBody"] = described.body
    return Operation.model_validate(more)


def _commands(rule: Rule, described: Described, settings: Settings) -> list[str]:
    known = path_parameters(settings)
    path = _PART.sub(lambda part: quote(str(known[part[1]].example), safe=""), rule.rule)
    key = described.keyed and settings.api_keys_file
    curl = 'curl -H "Authorization: Bearer $KEY"' if key else "curl"
    return [line.replace("PATH", path).replace("curl", curl, 1) for line in described.curl]


def _security(described: Described, settings: Settings) -> list[dict[str, list[str]]]:
    if not described.keyed:
        return []
    return [{_KEY: []}] if settings.api_keys_file else [{}, {_KEY: []}]
