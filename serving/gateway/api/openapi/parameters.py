"""Parameters of requests: parts of the path, the query, headers."""

from collections.abc import Callable

from openapi_pydantic import Parameter, Schema

from serving.deadline import TIMEOUT_HEADER
from serving.gateway.settings import Settings

_TEXT = Schema(type="string")
_SEGMENT = Schema(type="string", pattern="^[^/:]+$")
_SECONDS = Schema(type="string", pattern=r"^(?![0.]+$)[0-9]{1,6}(\.[0-9]{1,6})?$")


def path_parameters(settings: Settings) -> dict[str, Parameter]:
    """Return all parts of paths, by their names in Flask's rules."""
    label = "A label of versions, such as `stable` or `canary`."
    whole = Schema(type="integer", minimum=0)
    found = (
        _parameter("name", "path", "The model.", _SEGMENT, settings.models[0]),
        _parameter("version", "path", "A version of the model.", whole, 1),
        _parameter("label", "path", label, _SEGMENT, "stable"),
        _parameter("file", "path", "A file of the pages.", _SEGMENT, "page.css"),
    )
    return {parameter.name: parameter for parameter in found}


def parameters(names: tuple[str, ...], settings: Settings) -> list[Parameter]:
    """Return parameters of query and headers by the names that `@Route` uses for them."""
    makers: dict[str, Callable[[], list[Parameter]]] = {
        "top": lambda: [_top()],
        "format": lambda: [_format()],
        "timeout": lambda: [_timeout(settings.time_budget)],
        "tracing": _tracing,
        "client": lambda: _client(settings.canary_header),
    }
    return [parameter for name in names for parameter in makers[name]()]


def _top() -> Parameter:
    meaning = "How many of the most probable classes to return; all by default."
    schema = Schema(type="integer", minimum=1, maximum=999_999_999)
    return _parameter("top", "query", meaning, schema, 3)


def _format() -> Parameter:
    meaning = (
        "`json`: heat maps as numbers; `png`: one photo as the model sees it, with its heat map as"
        " colours. By default `Accept` decides, in favour of JSON if it allows both."
    )
    return _parameter(
        "format", "query", meaning, Schema(type="string", enum=["json", "png"]), "json"
    )


def _timeout(budget: float) -> Parameter:
    meaning = (
        "Seconds for this request, upload included. It can only lower the service's time budget"
        f" of {budget:g} s."
    )
    return _parameter(TIMEOUT_HEADER, "header", meaning, _SECONDS, "2.5")


def _tracing() -> list[Parameter]:
    request_id = (
        "The request's id in response and log: 1 to 64 of `A-Z a-z 0-9 . _ -`. Any other is"
        " replaced."
    )
    traceparent = "W3C trace context, passed on to the model server. Ignored if invalid."
    example = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    return [
        _parameter("X-Request-ID", "header", request_id, _TEXT, "0b8e6c1f"),
        _parameter("traceparent", "header", traceparent, _TEXT, example),
        _parameter("tracestate", "header", "Goes with `traceparent`.", _TEXT, "app=1"),
    ]


def _client(name: str) -> list[Parameter]:
    """Return the header that names the client for the canary, unless it has another meaning."""
    others = {TIMEOUT_HEADER.lower(), *(each.name.lower() for each in _tracing())}
    # OpenAPI ignores these three as parameters.
    if name.lower() in others | {"authorization", "content-type", "accept"}:
        return []
    meaning = (
        "Names the client: while a new version gets a share of the requests, each client stays with"
        " one version."
    )
    return [_parameter(name, "header", meaning, _TEXT, "device-4711")]


def _parameter(
    name: str, location: str, meaning: str, schema: Schema, example: str | int
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
