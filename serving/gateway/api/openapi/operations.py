"""What each handler of the gateway does, in words and types: one entry for each."""

from dataclasses import dataclass, field

from openapi_pydantic import MediaType, Parameter, RequestBody, Response, Schema
from pydantic import BaseModel

from serving.gateway.api.openapi import examples
from serving.gateway.api.openapi.bodies import photos_body
from serving.gateway.api.openapi.parameters import answer_format, budget, caller, top, tracing
from serving.gateway.api.openapi.problems import request_id_header
from serving.gateway.api.openapi.schemas import schema_of
from serving.gateway.api.responses import JSON, PNG
from serving.gateway.api.schemas import Liveness
from serving.gateway.settings import Settings

URL = "$PHOTOLABEL_URL"  # In commands: where the service is.

_KEYED = ("malformed-request", "unauthorized", "internal-error")
_LOOKED_UP = ("unknown-path", "unknown-model", "unknown-version")
_ASKING = ("model-server-unavailable", "model-not-ready", "time-budget-spent")
_BUSY = "too-many-requests"
_UPLOADING = ("no-photo", "upload-timeout", "body-too-large", "too-many-photos")
_BAD_PHOTOS = (
    "too-many-pixels",
    "too-costly",
    "not-an-image",
    "unsupported-format",
    "damaged-photo",
    "bad-photos",
)


@dataclass(frozen=True)
class Described:
    """One handler.

    Attributes:
        group: what it belongs to.
        summary: what it does, in a line.
        answers: its answers by status, errors aside.
        problems: what can go wrong: the last parts of the errors' types.
        more: more about it.
        parameters: query and headers.
        body: what a request brings.
        keyed: it asks for an API key, where keys are set up.
        curl: commands that ask for it; `PATH` stands for its path.
    """

    group: str
    summary: str
    answers: dict[int, Response]
    problems: tuple[str, ...] = ("internal-error",)
    more: str | None = None
    parameters: list[Parameter] = field(default_factory=list)
    body: RequestBody | None = None
    keyed: bool = False
    curl: tuple[str, ...] = (f"curl {URL}PATH",)


GROUPS = {
    "Classify": "Photos in, probabilities out.",
    "Models": "What there is to ask.",
    "Service": "How it is.",
    "Pages": "For people.",
}


def operations(settings: Settings) -> dict[str, Described]:
    """Return all handlers by their endpoints' names, the blueprint's left out."""
    return {**_api(settings), **_service(settings), **_pages()}


def _api(settings: Settings) -> dict[str, Described]:
    name, headers = settings.models[0], [budget(settings), *tracing()]
    return {
        **_photo_questions(settings),
        "models": Described(
            group="Models",
            summary="List the models",
            more="One that can't answer says why.",
            answers={200: _answer("The models served.", examples.model_list(name))},
            problems=_KEYED,
            parameters=headers,
            keyed=True,
        ),
        "model": Described(
            group="Models",
            summary="Show a model",
            more="Without a version or label, the newest that can answer.",
            answers={200: _answer("The model, with its card.", examples.described(name))},
            problems=(*_KEYED, *_LOOKED_UP, *_ASKING),
            parameters=headers,
            keyed=True,
        ),
    }


def _photo_questions(settings: Settings) -> dict[str, Described]:
    name, headers = settings.models[0], [budget(settings), *tracing(), *caller(settings)]
    problems = (*_KEYED, *_LOOKED_UP, *_UPLOADING, *_BAD_PHOTOS, *_ASKING, _BUSY)
    return {
        "classify": Described(
            group="Classify",
            summary="Classify photos",
            more="If one photo of several is bad, none is classified, and the error names every bad"
            " one.",
            answers={200: _answer("The probabilities.", examples.classification(name))},
            problems=problems,
            parameters=[top(), *headers],
            body=photos_body(settings),
            keyed=True,
            curl=(
                f"curl --data-binary @photo.jpg {URL}PATH",
                f'curl -F photo=@shirt.jpg -F photo=@photo.jpg "{URL}PATH?top=3"',
                """printf '{"images": [{"b64": "%s"}]}' "$(base64 < photo.jpg | tr -d '\\n')" |"""
                f" curl --data-binary @- -H 'Content-Type: application/json' {URL}PATH",
            ),
        ),
        "explain": Described(
            group="Classify",
            summary="Classify photos and show why",
            more="Where in each photo the evidence for its class is, as a grid of numbers or, for"
            " one photo, as a picture. The version that classifies explains.",
            answers={200: _explained(name)},
            problems=(*problems, "not-explainable"),
            parameters=[top(), answer_format(), *headers],
            body=photos_body(settings),
            keyed=True,
            curl=(
                f"curl --data-binary @photo.jpg {URL}PATH",
                f'curl --data-binary @photo.jpg -o why.png "{URL}PATH?format=png"',
            ),
        ),
    }


def _service(settings: Settings) -> dict[str, Described]:
    name = settings.models[0]
    return {
        "livez": Described(
            group="Service",
            summary="Ask whether the process runs",
            answers={200: _answer("It does.", Liveness(alive=True))},
        ),
        "readyz": Described(
            group="Service",
            summary="Ask whether every model can answer",
            answers={
                200: _answer("All can.", examples.ready(name)),
                503: _answer("One can't.", examples.not_ready(name)),
            },
            problems=("malformed-request", "internal-error"),
            parameters=[budget(settings)],
        ),
        "metrics": Described(
            group="Service",
            summary="Read the metrics",
            more="For Prometheus; OpenMetrics where `Accept` asks for it.",
            answers={200: _text("Metrics.", "text/plain", "application/openmetrics-text")},
        ),
        "openapi": Described(
            group="Service",
            summary="Read this description",
            answers={
                200: Response(
                    description="OpenAPI 3.1.",
                    headers=request_id_header(),
                    content={JSON: MediaType(schema=Schema(type="object"))},
                )
            },
        ),
    }


def _pages() -> dict[str, Described]:
    unchanged = Response(description="It is as `If-None-Match` says.", headers=request_id_header())
    return {
        "page": Described(
            group="Pages",
            summary="The page to drop photos on",
            answers={200: _text("HTML.", "text/html"), 304: unchanged},
        ),
        "docs": Described(
            group="Pages",
            summary="This description as a page",
            answers={200: _text("HTML.", "text/html")},
        ),
        "page_file": Described(
            group="Pages",
            summary="A file of the pages",
            answers={
                200: _text(
                    "The file.", "text/css", "text/javascript", "image/svg+xml", "text/html"
                ),
                304: unchanged,
            },
            problems=("unknown-path", "internal-error"),
        ),
    }


def _answer(meaning: str, example: BaseModel) -> Response:
    shown = example.model_dump(exclude_none=True)
    content = MediaType(schema=schema_of(type(example)), example=shown)
    return Response(description=meaning, headers=request_id_header(), content={JSON: content})


def _explained(model: str) -> Response:
    answer = _answer("Probabilities and heat maps.", examples.explanation(model))
    picture = MediaType(schema=Schema(type="string", schema_format="binary"))
    return answer.model_copy(update={"content": {**(answer.content or {}), PNG: picture}})


def _text(meaning: str, *media_types: str) -> Response:
    content = {each: MediaType(schema=Schema(type="string")) for each in media_types}
    return Response(description=meaning, headers=request_id_header(), content=content)
