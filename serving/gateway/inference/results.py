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
class Predicted:
    """What a model said, before it is put into words.

    Attributes:
        description: of the version that answered.
        prediction: its answer.
        pixels: what it was asked with, uint8 `[photos, height, width, channels]`.
    """

    description: Description
    prediction: Prediction
    pixels: np.ndarray


@dataclass(frozen=True)
class Classification:
    """The answer to one request, and the version that gave it."""

    model: str
    version: int
    predictions: list[PhotoPrediction]


@dataclass(frozen=True)
class Explanation:
    """An answer with its reasons.

    Attributes:
        answer: what `Classifier` answers.
        heat: float32 `[photos, rows, columns]`, 1 where most speaks for a photo's class.
        pixels: the photos as the model sees them, uint8 `[photos, height, width, channels]`.
    """

    answer: Classification
    heat: np.ndarray
    pixels: np.ndarray
