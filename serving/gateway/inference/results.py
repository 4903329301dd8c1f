"""The results of inference, as values.

Some go into the API's responses as they are; the metadata of their fields are arguments of
`pydantic.Field`, for the API's description.
"""

from dataclasses import dataclass, field

import numpy as np

from serving.gateway.model_client.contract import Description, Prediction


@dataclass(frozen=True)
class Photo:
    """One encoded photo.

    Attributes:
        name: in the response.
        encoded: its bytes.
        fault: what it is instead of a photo and what to do; None if it may be one.
    """

    name: str
    encoded: bytes
    fault: str | None = None


@dataclass(frozen=True)
class ClassProbability:
    """One class and its probability."""

    label: str
    probability: float = field(metadata={"description": "From 0 to 1.", "examples": [0.93]})


@dataclass(frozen=True)
class VersionLabel:
    """A label of a model, and the version that has it."""

    label: str = field(metadata={"examples": ["stable"]})
    version: int
    share: float = field(
        metadata={
            "description": "Which share of the requests without version and label goes to it, from"
            " 0 to 1.",
            "examples": [0.9],
        }
    )


@dataclass(frozen=True)
class PhotoPrediction:
    """The prediction for one photo."""

    image: str = field(
        metadata={
            "description": "The part's file name (cut to 255 characters), or the photo's index in"
            " the request.",
            "examples": ["photo.jpg"],
        }
    )
    label: str = field(metadata={"description": "The most probable class."})
    probability: float = field(
        metadata={"description": "Its probability, from 0 to 1.", "examples": [0.93]}
    )
    probabilities: list[ClassProbability] = field(
        metadata={"description": "Every class, or the `top` most probable; most probable first."}
    )
    recognized: bool | None = field(
        default=None,
        metadata={
            "description": "Whether the photo resembles those that the model was trained on; left"
            " out by models that can't tell."
        },
    )


@dataclass(frozen=True)
class ModelOutput:
    """What a model returned for photos.

    Attributes:
        photos: as the client sent them.
        description: of the version that answered.
        prediction: its output.
        pixels: its input, uint8 `[photos, height, width, channels]`.
    """

    photos: list[Photo]
    description: Description
    prediction: Prediction
    pixels: np.ndarray


@dataclass(frozen=True)
class Classification:
    """The predictions for the photos of one request, and the version that made them."""

    model: str
    version: int
    predictions: list[PhotoPrediction]


@dataclass(frozen=True)
class Explanation:
    """A classification and where its evidence is.

    Attributes:
        classification: as `Classifier` returns it.
        heat: float32 `[photos, rows, columns]`, 1 where the evidence is strongest.
        pixels: the photos as the model sees them, uint8 `[photos, height, width, channels]`.
    """

    classification: Classification
    heat: np.ndarray
    pixels: np.ndarray


@dataclass(frozen=True)
class PreparedPhoto:
    """The pixels of one photo as the model gets them, uint8 `[height, width, channels]`."""

    pixels: np.ndarray
