"""The OpenAPI document of an app, out of the `@Route` of each of its handlers."""

import re
from typing import Any
from urllib.parse import quote

from flask import Flask
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
from werkzeug.routing import Rule

from serving.gateway.api.openapi.bodies import PHOTO_FORM, limit_photos, photo_form, photos_body
from serving.gateway.api.openapi.examples import NEUTRAL, ExampleModel
from serving.gateway.api.openapi.parameters import (
    SCHEMAS,
    header_parameters,
    path_parameters,
    query_parameters,
)
from serving.gateway.api.openapi.responses import error_responses, successful_response
from serving.gateway.api.routing import GROUPS, Route, route_of
from serving.gateway.model_client.contract import Description
from serving.gateway.settings import Settings
from serving.http_errors import InternalError, MalformedRequest, TooManyRequests, Unauthorized

API_VERSION = "1.0.0"

_KEY = "ApiKey"
_PART = re.compile(r"<(?:[^:<>]+:)?([^<>]+)>")
# What all paths that need a key have in common.
_KEYED_ERRORS = (MalformedRequest, Unauthorized, TooManyRequests)
_KEYED_HEADERS = ("timeout", "tracing")


def describe(
    app: Flask, settings: Settings, described: Description | None = None
) -> dict[str, Any]:
    """Return the OpenAPI document of an app whose handlers all have a `@Route`.

    Args:
        app: the gateway.
        settings: the source of limits and names.
        described: what the first model says about itself, for examples; None for neutral ones.
    """
    model = ExampleModel(settings.models[0], described or NEUTRAL)
    paths: dict[str, PathItem] = {}
    for rule, route in _routes(app):
        item = paths.setdefault(_path(rule), PathItem())
        setattr(item, route.method.lower(), _operation(rule, route, settings, model))
    made = construct_open_api_with_schema_class(_frame(paths, settings))
    document = made.model_dump(mode="json", by_alias=True, exclude_unset=True)
    keyed = settings.api_keys_file is not None
    for rule, route in _routes(app):  # Redoc's extension, which other tools read too.
        samples = [
            {"lang": "Shell", "source": line} for line in _commands(rule, route, keyed, model)
        ]
        document["paths"][_path(rule)][route.method.lower()]["x-codeSamples"] = samples
    schemas = document["components"]["schemas"]
    limit_photos(schemas, settings)
    for schema in schemas.values():
        _simplify(schema)
    return document


def _routes(app: Flask) -> list[tuple[Rule, Route]]:
    """Return all paths with the routes that they belong to, group by group."""
    groups, endpoints = list(GROUPS), list(app.view_functions)
    found = [
        (rule, route_of(app.view_functions[rule.endpoint])) for rule in app.url_map.iter_rules()
    ]

    def position(each: tuple[Rule, Route]) -> tuple[int, int, int]:
        rule, route = each
        return groups.index(route.group), endpoints.index(rule.endpoint), len(rule.rule)

    return sorted(found, key=position)


def _path(rule: Rule) -> str:
    return _PART.sub(r"{\1}", rule.rule)


def _frame(paths: dict[str, PathItem], settings: Settings) -> OpenAPI:
    scheme = SecurityScheme(
        type="http",
        scheme="bearer",
        description="An API key; the operator of the service issues it."
        if settings.api_keys_file
        else "This service needs no key.",
    )
    return OpenAPI(
        openapi="3.1.1",
        info=Info(title="Photolabel", version=API_VERSION, description=_introduction(settings)),
        servers=[Server(url="/")],
        paths=paths,
        components=Components(
            schemas={PHOTO_FORM: photo_form(settings), **SCHEMAS}, securitySchemes={_KEY: scheme}
        ),
        tags=[Tag(name=name, description=meaning) for name, meaning in GROUPS.items()],
    )


def _introduction(settings: Settings) -> str:
    limits = settings.photo_limits()
    key = "an API key as `Authorization: Bearer KEY`" if settings.api_keys_file else "no API key"
    return (
        "Send photos, get the probability of every class. Models served: "
        f"{', '.join(f'`{name}`' for name in settings.models)}. Paths under `/v1/` need {key}.\n"
        "\n"
        f"Accepted formats: {', '.join(limits.formats)}. Maximum: {settings.max_body_bytes:,} bytes"
        f" and {settings.max_photos} photos per request, {limits.max_pixels:,} pixels per photo. A"
        f" body may take {settings.upload_seconds:g} s to arrive, its response then"
        f" {settings.time_budget:g} s.\n"
        "\n"
        "Every error is `application/problem+json` (RFC 9457); its `type` is a name that does not"
        " change. A path that is not listed here gets 404 (`unknown-path`), a method that is not"
        " listed 405 (`method-not-allowed`, with `Allow`), and under `/v1/` a query parameter that"
        " is not listed or is given twice 400 (`malformed-request`). What is not valid HTTP gets a"
        " plain 400, 417 or 431. If an error has `Retry-After`, try again after that many seconds."
    )


def _operation(rule: Rule, route: Route, settings: Settings, model: ExampleModel) -> Operation:
    known, parts = path_parameters(model), _PART.findall(rule.rule)
    variant = "".join(part.capitalize() for part in parts if part in ("version", "label"))
    headers = (*route.headers, *(_KEYED_HEADERS if route.needs_key else ()))
    errors = (*route.errors, InternalError, *(_KEYED_ERRORS if route.needs_key else ()))
    responses = {
        str(status): successful_response(described, model)
        for status, described in route.responses.items()
    }
    operation: dict[str, Any] = {
        "tags": [route.group],
        "summary": route.summary,
        "operationId": (route.operation or rule.endpoint) + variant,
        "parameters": [
            *(known[part] for part in parts),
            *query_parameters(route.query),
            *header_parameters(headers, settings),
        ],
        "responses": {**responses, **error_responses(errors, settings)},
        "security": [{_KEY: []}] if route.needs_key and settings.api_keys_file else [],
    }
    if route.description:
        operation["description"] = route.description
    if route.takes_photos:
        operation["requestBody"] = photos_body(settings)
    return Operation.model_validate(operation)


def _commands(rule: Rule, route: Route, keyed: bool, model: ExampleModel) -> list[str]:
    known = path_parameters(model)
    path = _PART.sub(lambda part: quote(str(known[part[1]].example), safe=""), rule.rule)
    curl = 'curl -H "Authorization: Bearer $KEY"' if route.needs_key and keyed else "curl"
    return [line.replace("PATH", path).replace("curl", curl, 1) for line in route.curl]


def _simplify(schema: dict[str, Any]) -> None:
    """Drop titles that repeat names, and null: a member that is None is left out."""
    for member in schema.get("properties", {}).values():
        member.pop("title", None)
        if "default" in member and member["default"] is None:
            del member["default"]
            [kind] = [each for each in member.pop("anyOf") if each != {"type": "null"}]
            member.update(kind)
