"""What a request may carry beside its body: parts of the path, the query, headers."""

from openapi_pydantic import Parameter, Schema

from serving.deadline import TIMEOUT_HEADER
from serving.gateway.settings import Settings

_SEGMENT = "^[^/:]+$"
_SECONDS = r"^(?![0.]+$)[0-9]{1,6}(\.[0-9]{1,6})?$"


def path_parameters(settings: Settings) -> dict[str, Parameter]:
    """Return all parts of paths, by their names in Flask's rules."""
    texts = {
        "name": ("The model.", settings.models[0]),
        "label": ("A label of versions, such as `stable` or `canary`.", "stable"),
        "file": ("A file of the pages.", "page.css"),
    }
    found = {
        name: _parameter(name, "path", meaning, Schema(type="string", pattern=_SEGMENT), example)
        for name, (meaning, example) in texts.items()
    }
    whole = Schema(type="integer", minimum=0)
    found["version"] = _parameter("version", "path", "A version of the model.", whole, 1)
    return found


def top() -> Parameter:
    """Return the query's one parameter."""
    meaning = "How many of the most probable classes to keep; all, where it is left out."
    schema = Schema(type="integer", minimum=1, maximum=999_999_999)
    return _parameter("top", "query", meaning, schema, 3)


def answer_format() -> Parameter:
    """Return the query's parameter for how heat maps are to come."""
    meaning = (
        "`json`: numbers; `png`: one photo as the model sees it, lit up where it is hot. Left out,"
        " `Accept` decides; numbers where it wants both."
    )
    schema = Schema(type="string", enum=["json", "png"])
    return _parameter("format", "query", meaning, schema, "json")


def budget(settings: Settings) -> Parameter:
    """Return the header that lowers the time budget."""
    meaning = (
        f"Seconds for this request, upload included. It lowers the service's"
        f" {settings.time_budget:g} s; nothing raises them."
    )
    schema = Schema(type="string", pattern=_SECONDS)
    return _parameter(TIMEOUT_HEADER, "header", meaning, schema, "2.5")


def tracing() -> list[Parameter]:
    """Return the headers that name a request."""
    text = Schema(type="string")
    return [
        _parameter(
            "X-Request-ID",
            "header",
            "A name for the request in answer and log: 1 to 64 of `A-Z a-z 0-9 . _ -`. Another is"
            " replaced.",
            text,
            "0b8e6c1f",
        ),
        _parameter(
            "traceparent",
            "header",
            "W3C trace context, passed on to the model server. An invalid one is passed over.",
            text,
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        ),
        _parameter("tracestate", "header", "Goes with `traceparent`.", text, "app=1"),
    ]


def caller(settings: Settings) -> list[Parameter]:
    """Return the header that names the caller for the canary, if it is none of the others."""
    name = settings.canary_header
    others = {TIMEOUT_HEADER.lower(), *(each.name.lower() for each in tracing())}
    # OpenAPI passes over these three as parameters.
    if name.lower() in others | {"authorization", "content-type", "accept"}:
        return []
    meaning = (
        "Names the caller: while a new version gets a share of the requests, each caller keeps to"
        " one version."
    )
    return [_parameter(name, "header", meaning, Schema(type="string"), "device-4711")]


def _parameter(
    name: str, place: str, meaning: str, schema: Schema, example: str | int
) -> Parameter:
    required = place == "path"
    return Parameter.model_validate(
        {
            "name": name,
            "in": place,
            "description": meaning,
            "required": required,
            "schema": schema,
            "example": example,
        }
    )
