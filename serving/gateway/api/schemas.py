"""The JSON bodies of the HTTP API: these models render every response and describe the API.

Values that inference returns in the API's form (`serving.gateway.inference.results`) are used as
they are. What is None is left out of a response.
"""

from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from serving.gateway.inference.readiness import ModelReadiness
from serving.gateway.inference.results import PhotoPrediction, VersionLabel


class _Answered(BaseModel):
    model: str = Field(description="The model that answered.")
    version: int = Field(description="The version that answered.")


class ClassificationResponse(_Answered):
    """The photos' probabilities, and which version of which model gave them."""

    predictions: list[PhotoPrediction] = Field(description="In the order of the request.")


@dataclass(frozen=True, kw_only=True)
class PhotoExplanation(PhotoPrediction):
    """The prediction for one photo, with a heat map."""

    heat: list[list[float]] = field(
        metadata={
            "description": "A grid over the photo as the model sees it, row by row from the top"
            " left: 1 where the evidence for `label` is strongest, 0 where there is none.",
            "examples": [[[0.0, 0.42], [0.1, 1.0]]],
        }
    )


class ExplanationResponse(_Answered):
    """The photos' probabilities and heat maps, and which version of which model gave them."""

    predictions: list[PhotoExplanation] = Field(description="In the order of the request.")


class ModelVersion(BaseModel):
    """A version of a model and its state in the model server."""

    version: int
    state: str = Field(
        description="In TensorFlow Serving's terms: START, LOADING, AVAILABLE, UNLOADING, END.",
        examples=["AVAILABLE"],
    )


class ModelInput(BaseModel):
    """The pixels that a model takes. Photos of any size are prepared for it."""

    height: int
    width: int
    channels: int = Field(description="1: gray, 3: RGB.")


class ReadyModel(BaseModel):
    """A model that can answer."""

    name: str
    state: Literal["ready"]
    version: int = Field(
        description="The version described here: the one requested, else the one that most requests"
        " without version and label get."
    )
    versions: list[ModelVersion] = Field(
        description="All versions that the model server knows, newest first."
    )
    version_labels: list[VersionLabel] = Field(
        description="`stable` and `canary` with their versions, where they exist, and the label"
        " requested. Model servers don't list further labels."
    )
    input: ModelInput
    preparation: str = Field(
        description="How a photo becomes the model's pixels: a name and a revision."
    )
    labels: list[str] = Field(description="All classes.")
    explains: bool = Field(description="Whether `:explain` works: it gives heat maps.")


class UnavailableModel(BaseModel):
    """A model that can't answer now."""

    name: str
    state: Literal["unavailable"]
    detail: str = Field(
        description="Why, and what to do.",
        examples=["The model server does not answer. Try again shortly."],
    )


class ModelList(BaseModel):
    """The models served, whether they can answer or not."""

    models: list[Annotated[ReadyModel | UnavailableModel, Field(discriminator="state")]]


class DescribedModel(ReadyModel):
    """A model that can answer, with its card."""

    card: dict[str, Any] = Field(
        description="How it was made: recipe, data set, metrics, package versions."
    )


class ReadinessResponse(BaseModel):
    """Whether every model can answer."""

    ready: bool
    models: list[ModelReadiness]


class Liveness(BaseModel):
    """The process runs."""

    alive: Literal[True]


class BadPhotoProblem(BaseModel):
    """What is wrong with one photo."""

    image: str = Field(description="As in a response.", examples=["photo.jpg"])
    type: str = Field(examples=["urn:photolabel:error:damaged-photo"])
    title: str
    status: int
    detail: str


class Problem(BaseModel):
    """An error, as in RFC 9457. Other members may be added."""

    type: str = Field(
        description="The kind of error: a name that does not change.",
        examples=["urn:photolabel:error:unknown-model"],
    )
    title: str = Field(description="The kind in words.", examples=["There is no such model"])
    status: int = Field(description="The HTTP status.", examples=[404])
    detail: str = Field(description="What was wrong, what was received, what to do.")
    request_id: str = Field(
        description="As in `X-Request-ID`; the service's log has details under it.",
        examples=["0b8e6c1f"],
    )
    errors: list[BadPhotoProblem] | None = Field(
        None, description="If photos are bad: every bad one."
    )
    example: str | None = Field(
        None,
        description="A command that works.",
        examples=[
            "curl --data-binary @photo.jpg http://127.0.0.1:8080/v1/models/clothing:classify"
        ],
    )


class EncodedPhoto(BaseModel):
    """One photo of a JSON request."""

    b64: str = Field(
        description="The file's bytes in base64 (RFC 4648, section 4). Line breaks, a `data:`"
        " prefix, the alphabet for URLs and missing padding are accepted.",
        json_schema_extra={"contentEncoding": "base64"},
    )


class ClassificationRequest(BaseModel):
    """Photos to classify, in JSON."""

    images: list[EncodedPhoto]
