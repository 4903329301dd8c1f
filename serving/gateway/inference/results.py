"""The results of inference, as values."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from serving.gateway.model_client.contract import Description, Prediction


@dataclass(frozen=True)
class Photo:
    """One encoded photo: its name for the answer and its bytes."""

    name: str
    encoded: bytes


class ClassProbability(NamedTuple):
    """One class and its probability."""

    label: str
    probability: float


@dataclass(frozen=True)
class PhotoPrediction:
    """The answer for one photo: classes with their probabilities, most probable first."""

    image: str
    probabilities: list[ClassProbability]
    recognized: bool | None


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
