"""`@Route` on a handler: its paths and method, and how the API's description presents it."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from flask import Flask
from pydantic import BaseModel
from werkzeug.routing import BaseConverter

from serving.gateway.api.api_keys import KEYED
from serving.gateway.api.openapi.examples import ExampleModel
from serving.http_errors import PhotolabelError

URL = "$PHOTOLABEL_URL"  # The service's address in commands.

GROUPS = {
    "Classify": "Photos in, probabilities out.",
    "Models": "Which models there are.",
    "Service": "Health, metrics and this description.",
    "Pages": "For people.",
}

_MODEL = "/v1/models/<segment:name>"
MODEL_PATHS = (_MODEL, f"{_MODEL}/versions/<segment:version>", f"{_MODEL}/labels/<segment:label>")
"""The paths of a model, of one of its versions and of a version label."""


class SegmentConverter(BaseConverter):
    """A segment of a path without a colon, which begins the verb."""

    regex = "[^/:]+"


Handler = TypeVar("Handler", bound=Callable[..., Any])


@dataclass(frozen=True)
class Described:
    """A response that is not an error: what it means and what it holds.

    Attributes:
        meaning: a sentence.
        example: returns its JSON document for a model.
        media_types: the types of other content.
    """

    meaning: str
    example: Callable[[ExampleModel], BaseModel] | None = None
    media_types: tuple[str, ...] = ()


@dataclass(frozen=True)
class Route:
    """A decorator of handlers: where they are served, and how the API's description presents them.

    Attributes:
        paths: in Flask's syntax.
        group: one of `GROUPS`.
        responses: those that are not errors, by status.
        method: the HTTP method.
        errors: what can go wrong; a class stands for all of its subclasses. Left out are
            `InternalError` and what all paths under `/v1/` have in common.
        query: the parameters of the query; under `/v1/` others are refused. `openapi.parameters`
            describes them.
        headers: the parameters in headers, by their names in `openapi.parameters`.
        takes_photos: the request's body holds photos.
        curl: commands that call it; `PATH` stands for its path.
        operation: the name of the function in generated clients; the handler's by default.
        summary: the first line of the handler's docstring.
        description: the rest of it.
    """

    paths: tuple[str, ...]
    group: str
    responses: dict[int, Described]
    method: str = "GET"
    errors: tuple[type[PhotolabelError], ...] = ()
    query: tuple[str, ...] = ()
    headers: tuple[str, ...] = ()
    takes_photos: bool = False
    curl: tuple[str, ...] = (f"curl {URL}PATH",)
    operation: str = ""
    summary: str = ""
    description: str = ""

    def __call__(self, handler: Handler) -> Handler:
        """Attach the route to its handler."""
        summary, _, rest = (handler.__doc__ or "").partition("\n")
        handler.route = replace(  # type: ignore[attr-defined]
            self, summary=summary.removesuffix("."), description=" ".join(rest.split())
        )
        return handler

    @property
    def needs_key(self) -> bool:
        """Whether it needs an API key, where keys are configured."""
        return self.paths[0].startswith(KEYED)


def route_of(handler: Callable[..., Any]) -> Route:
    """Return the route of a decorated handler."""
    found: Route = handler.route  # type: ignore[attr-defined]
    return found


def add_routes(app: Flask, handlers: object) -> None:
    """Serve all decorated methods of an object at their paths."""
    for name, function in vars(type(handlers)).items():
        if hasattr(function, "route"):
            handler = getattr(handlers, name)
            for path in route_of(handler).paths:
                app.add_url_rule(path, name, handler, methods=[route_of(handler).method])
