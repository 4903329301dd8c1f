"""What goes over HTTP as JSON: the models that render every answer and describe the API.

They are the only place where the form of an answer is written; `serving.gateway.api.openapi` takes
its schemas from here.
"""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.json_schema import SkipJsonSchema


def _plain_schema(schema: dict[str, Any]) -> None:
    """Leave out of a schema what says nothing: titles of fields, null for what is absent."""
    for field in schema.get("properties", {}).values():
        field.pop("title", None)
        if field.get("default", ...) is None:
            del field["default"]


class Document(BaseModel):
    """Root of what goes over HTTP as JSON. What is None is left out of it."""

    model_config = ConfigDict(json_schema_extra=_plain_schema)


class ClassProbability(Document):
    """One class and its probability."""

    label: str = Field(examples=["Shirt"])
    probability: float = Field(description="From 0 to 1.", examples=[0.93])


class PhotoPrediction(Document):
    """What the model makes of one photo."""

    image: str = Field(
        description="The part's file name (cut to 255 characters), or the place in the request.",
        examples=["shirt.jpg"],
    )
    label: str = Field(description="The most probable class.", examples=["Shirt"])
    probability: float = Field(description="Its probability, from 0 to 1.", examples=[0.93])
    probabilities: list[ClassProbability] = Field(
        description="Every class, or the `top` most probable; the most probable first."
    )
    recognized: bool | SkipJsonSchema[None] = Field(
        None,
        description="Whether the photo shows what the model knows; only of models that tell it.",
    )


class ClassificationAnswer(Document):
    """The photos' probabilities, and which version of which model gave them."""

    model: str = Field(description="The model that answered.", examples=["clothing"])
    version: int = Field(description="The version that answered.", examples=[3])
    predictions: list[PhotoPrediction] = Field(description="In the order of the request.")


class PhotoExplanation(PhotoPrediction):
    """What the model makes of one photo, and why."""

    heat: list[list[float]] = Field(
        description="Rows from the top, each from the left, of a grid laid over the photo as the"
        " model sees it: 1 where most speaks for `label`, 0 where nothing does.",
        examples=[[[0.0, 0.42], [0.1, 1.0]]],
    )


class ExplanationAnswer(Document):
    """The photos' probabilities and heat maps, and which version of which model gave them."""

    model: str = Field(description="The model that answered.", examples=["clothing"])
    version: int = Field(description="The version that answered.", examples=[3])
    predictions: list[PhotoExplanation] = Field(description="In the order of the request.")


class VersionState(Document):
    """The state of one version in the model server."""

    version: int = Field(examples=[3])
    state: str = Field(
        description="As TensorFlow Serving names it: START, LOADING, AVAILABLE, UNLOADING, END.",
        examples=["AVAILABLE"],
    )


class ModelInput(Document):
    """The pixels that a model takes. Photos of any size are prepared for it."""

    height: int = Field(examples=[28])
    width: int = Field(examples=[28])
    channels: int = Field(description="1: gray, 3: RGB.", examples=[1])


class ReadyModel(Document):
    """A model that can answer."""

    name: str = Field(examples=["clothing"])
    state: Literal["ready"]
    version: int = Field(description="The version described here.", examples=[3])
    versions: list[VersionState] = Field(
        description="All versions that the model server knows, the newest first."
    )
    input: ModelInput
    preparation: str = Field(
        description="Name and revision of the way from a photo to the model's pixels.",
        examples=["garment/1"],
    )
    labels: list[str] = Field(description="All classes.", examples=[["Shirt", "Bag"]])
    explains: bool = Field(description="Whether `:explain` works: it gives heat maps.")


class UnavailableModel(Document):
    """A model that can't answer now."""

    name: str = Field(examples=["clothing"])
    state: Literal["unavailable"]
    detail: str = Field(
        description="Why, and what to do.",
        examples=["The model server does not answer. Try again shortly."],
    )


class ModelList(Document):
    """The models served, whether they can answer or not."""

    models: list[Annotated[ReadyModel | UnavailableModel, Field(discriminator="state")]]


class DescribedModel(ReadyModel):
    """A model that can answer, with its card."""

    card: dict[str, Any] = Field(
        description="How it was made: recipe, data set, metrics, package versions.",
        examples=[{"recipe": "clothing-cnn"}],
    )


class ModelReadinessAnswer(Document):
    """Whether one model can answer."""

    name: str = Field(examples=["clothing"])
    state: Literal["ready", "unavailable", "draining"]
    version: int | SkipJsonSchema[None] = Field(
        None, description="The version that answers.", examples=[3]
    )
    detail: str | SkipJsonSchema[None] = Field(None, description="Why it can't.")


class ReadinessAnswer(Document):
    """Whether every model can answer."""

    ready: bool
    models: list[ModelReadinessAnswer]


class Liveness(Document):
    """The process runs."""

    alive: Literal[True]


class BadPhotoProblem(Document):
    """What is wrong with one photo."""

    image: str = Field(description="As in an answer.", examples=["shirt.jpg"])
    type: str = Field(examples=["urn:photolabel:error:damaged-photo"])
    title: str
    status: int
    detail: str


class Problem(Document):
    """An error, as in RFC 9457. There may be more members than these."""

    type: str = Field(
        description="What kind of error it is: a name that does not change.",
        examples=["urn:photolabel:error:unknown-model"],
    )
    title: str = Field(description="The same in words.", examples=["There is no such model"])
    status: int = Field(description="The HTTP status.", examples=[404])
    detail: str = Field(description="What was wrong, what was received, what to do.")
    request_id: str = Field(
        description="As in `X-Request-ID`; the service's log has more under it.",
        examples=["0b8e6c1f"],
    )
    errors: list[BadPhotoProblem] | SkipJsonSchema[None] = Field(
        None, description="Where photos are bad: every bad one."
    )
    example: str | SkipJsonSchema[None] = Field(
        None,
        description="A command that works.",
        examples=[
            "curl --data-binary @photo.jpg http://127.0.0.1:8080/v1/models/clothing:classify"
        ],
    )


class EncodedPhoto(Document):
    """One photo of a request in JSON."""

    b64: str = Field(
        description="The file's bytes in base64 (RFC 4648, section 4).",
        json_schema_extra={"contentEncoding": "base64"},
    )


class ClassificationRequest(Document):
    """Photos to classify, in JSON."""

    images: list[EncodedPhoto]
