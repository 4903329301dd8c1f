"""Photos in, probabilities and heat maps out: which parts of a photo speak for its class."""

from dataclasses import dataclass
from http import HTTPStatus

import numpy as np

from serving.classification import TRIES, Answer, Classification, Photo
from serving.errors import ModelNotReady, RequestError, UnknownVersion
from serving.http.deadline import Deadline
from serving.insight.observation import Observation
from serving.models.catalog import ModelSource
from serving.models.contract import Description
from serving.models.model_ref import ModelRef


class NotExplainable(RequestError):
    """The version that answers has no signature `explain`."""

    status = HTTPStatus.NOT_FOUND
    slug = "not-explainable"
    title = "The model does not explain its answers"


@dataclass(frozen=True)
class Explained:
    """An answer with its reasons.

    Attributes:
        answer: what `Classification` answers.
        heat: float32 `[photos, rows, columns]`, 1 where most speaks for a photo's class.
        pixels: the photos as the model sees them, uint8 `[photos, height, width, channels]`.
    """

    answer: Answer
    heat: np.ndarray
    pixels: np.ndarray


class Explanation:
    """Classifies photos and asks the version that has answered why."""

    def __init__(self, classification: Classification, source: ModelSource) -> None:
        self._classification = classification
        self._source = source

    def explain(
        self,
        ref: ModelRef,
        photos: list[Photo],
        top: int | None,
        deadline: Deadline,
        observation: Observation | None = None,
    ) -> Explained:
        """Classify photos and explain; the arguments are those of `Classification.classify`.

        Raises:
            NotExplainable: the version that answers gives no heat maps.
            PhotolabelError: as `Classification.classify`.
        """
        observation = observation or Observation()
        _check(ref.name, self._classification.expected(ref, deadline))  # Before anything is costly.
        for _ in range(TRIES):
            predicted = self._classification.predict(ref, photos, deadline, observation)
            version = ModelRef(ref.name, predicted.prediction.version)
            # Measured apart: photos that people ask about would count twice, and look like drift.
            apart = Observation()
            answer = self._classification.answer(ref, photos, top, predicted, apart)
            observation.version = apart.version
            _check(ref.name, predicted.description)
            try:
                with observation.explaining():
                    heat = self._source.explain(version, predicted.pixels, deadline)
            except UnknownVersion:  # It was replaced after it had answered: both anew.
                continue
            return Explained(answer, heat, predicted.pixels)
        raise ModelNotReady(f"Model {ref} is changing: its versions come and go. Try again.")


def _check(name: str, description: Description) -> None:
    if not description.explains:
        raise NotExplainable(
            f"Model {ModelRef(name, description.version)}, has no signature 'explain', as models"
            " published before there were heat maps. Publish it again, or ask :classify."
        )
