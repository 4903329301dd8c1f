"""Parameters of requests: parts of the path, the query, headers."""

from collections.abc import Iterable

from openapi_pydantic import Parameter, Reference, Schema

from serving.deadline import TIMEOUT_HEADER
from serving.gateway.api.openapi.examples import ExampleModel
from serving.gateway.api.query import MODELS
from serving.gateway.settings import Settings

HEAT_MAP_FORMAT = "HeatMapFormat"
SCHEMAS = {HEAT_MAP_FORMAT: Schema(type="string", enum=["json", "png"])}
"""Schemas with a name, so that generators make one type for all operations."""

_TEXT = Schema(type="string")
_SEGMENT = Schema(type="string", pattern="^[^/:]+$")
_SECONDS = Schema(type="string", pattern=r"^(?![0.]+$)[0-9]{1,6}(\.[0-9]{1,6})?$")
_TRACEPARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

# OpenAPI ignores the first three as parameters; the others have a meaning of their own.
_NOT_FOR_CLIENTS = {"authorization", "content-type", "accept"}
_NOT_FOR_CLIENTS |= {TIMEOUT_HEADER.lower(), "x-request-id", "traceparent", "tracestate"}


def path_parameters(model: ExampleModel) -> dict[str, Parameter]:
    """Return all parts of paths, by their names in Flask's rules."""
    label = "A label of versions, such as `stable` or `canary`."
    whole = Schema(type="integer", minimum=0)
    found = (
        _parameter("name", "path", "The model.", _SEGMENT, model.name),
        _parameter("version", "path", "A version of the model.", whole, model.version),
        _parameter("label", "path", label, _SEGMENT, "stable"),
        _parameter("file", "path", "A file of the pages.", _SEGMENT, "page.css"),
        _parameter("texts", "path", "A language's file.", _SEGMENT, "en.json"),
    )
    return {parameter.name: parameter for parameter in found}


def query_parameters(names: Iterable[str]) -> list[Parameter]:
    """Return parameters of the query by their names."""
    known = _query()
    return [known[name] for name in names]


def header_parameters(names: Iterable[str], settings: Settings) -> list[Parameter]:
    """Return parameters in headers by the names that `@Route` uses for them."""
    known = _headers(settings)
    return [parameter for name in names for parameter in known[name]]


def _query() -> dict[str, Parameter]:
    top = "How many of the most probable classes to return; all by default."
    whole = Schema(type="integer", minimum=1, maximum=999_999_999)
    heat_maps = (
        "`json`: heat maps as numbers; `png`: one photo as the model sees it, with its heat map in"
        " colour. By default `Accept` decides, in favour of JSON if it allows both."
    )
    choice = Reference.model_validate({"$ref": f"#/components/schemas/{HEAT_MAP_FORMAT}"})
    shown = "The version to show; by default the one that answers."
    spoken = "The language of the page, such as `en` or `ru`; by default `Accept-Language` decides."
    excluded = "The check to leave out."
    found = (
        _parameter("exclude", "query", excluded, Schema(type="string", enum=[MODELS]), MODELS),
        _parameter("version", "query", shown, Schema(type="integer", minimum=0), 1),
        _parameter("lang", "query", spoken, _TEXT, "en"),
        _parameter("top", "query", top, whole, 3),
        _parameter("format", "query", heat_maps, choice, "json"),
    )
    return {parameter.name: parameter for parameter in found}


def _headers(settings: Settings) -> dict[str, list[Parameter]]:
    timeout = (
        "Seconds for this request, from its first byte to its response. It can only shorten the"
        f" service's {settings.upload_seconds:g} s for an upload and {settings.time_budget:g} s for"
        " the response to it."
    )
    request_id = (
        "The request's id in response and log: 1 to 64 of `A-Z a-z 0-9 . _ -`. Any other is"
        " replaced."
    )
    traceparent = "W3C trace context, passed on to the model server. Ignored if invalid."
    client = (
        "Names the client: while a new version gets a share of the requests, each client stays with"
        " one version."
    )
    known = {
        "timeout": [_parameter(TIMEOUT_HEADER, "header", timeout, _SECONDS, "2.5")],
        "tracing": [
            _parameter("X-Request-ID", "header", request_id, _TEXT, "0b8e6c1f"),
            _parameter("traceparent", "header", traceparent, _TEXT, _TRACEPARENT),
            _parameter("tracestate", "header", "Goes with `traceparent`.", _TEXT, "app=1"),
        ],
        "client": [_parameter(settings.canary_header, "header", client, _TEXT, "device-4711")],
    }
    return known | ({"client": []} if settings.canary_header.lower() in _NOT_FOR_CLIENTS else {})


def _parameter(
    name: str, location: str, meaning: str, schema: Schema | Reference, example: str | int
) -> Parameter:
    return Parameter.model_validate(
        {
            "name": name,
            "in": location,
            "description": meaning,
            "required": location == "path",
            "schema": schema,
            "example": example,
        }
    )
