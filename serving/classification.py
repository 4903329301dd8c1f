"""Photos in, probabilities out. Knows neither Flask nor gRPC."""

from dataclasses import dataclass

import numpy as np

from serving.catalog import Catalog, ModelSource
from serving.deadline import Deadline
from serving.errors import BadPhoto, BadPhotos
from serving.model_ref import ModelRef
from serving.model_server import Description, Prediction
from serving.observation import Observation
from serving.photos import Shape, prepare
from serving.statuses import RequestRefused, broken_contract


@dataclass(frozen=True)
class Photo:
    """One encoded photo: its name for the answer and its bytes."""

    name: str
    encoded: bytes


@dataclass(frozen=True)
class ClassProbability:
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
class Answer:
    """The answer to one request, and the version that gave it."""

    model: str
    version: int
    predictions: list[PhotoPrediction]


class Classification:
    """Classifies photos with the models of a catalog."""

    def __init__(
        self, catalog: Catalog, source: ModelSource, max_pixels: int, formats: tuple[str, ...]
    ) -> None:
        self._catalog = catalog
        self._source = source
        self._max_pixels = max_pixels
        self._formats = formats

    def classify(
        self,
        ref: ModelRef,
        photos: list[Photo],
        top: int | None,
        deadline: Deadline,
        observation: Observation | None = None,
    ) -> Answer:
        """Classify photos.

        Args:
            ref: which model.
            photos: at least one.
            top: how many of the most probable classes to keep; None keeps all.
            deadline: until when.
            observation: where to note what is measured.

        Raises:
            PhotolabelError: the model or a photo is bad, the time is over…
        """
        observation = observation or Observation()
        description, prediction = self._predict(ref, photos, deadline, observation)
        classes = len(description.labels)
        if prediction.probabilities.shape[1] != classes:
            got = f"{prediction.probabilities.shape[1]} probabilities for {classes} labels"
            raise broken_contract(ref, got)
        observation.version = prediction.version
        predictions = _rank(photos, description, prediction, top)
        observation.best = [
            (each.probabilities[0].label, each.probabilities[0].probability) for each in predictions
        ]
        return Answer(ref.name, prediction.version, predictions)

    def _predict(
        self, ref: ModelRef, photos: list[Photo], deadline: Deadline, observation: Observation
    ) -> tuple[Description, Prediction]:
        """Prepare and ask; once more if another version than expected answers and wants it."""
        expected = self._catalog.expect(ref, deadline)
        observation.version = expected.version
        with observation.decoding():
            pixels = self._prepare_all(photos, expected.preparation, expected.shape, deadline)
        try:
            with observation.asking():
                prediction = self._source.predict(ref, pixels, deadline)
        except RequestRefused:
            # A new version with another input may have taken over since the last answer.
            actual = self._catalog.refresh(ref, deadline)
            if actual.version == expected.version:
                raise
        else:
            if prediction.version == expected.version:
                return expected, prediction
            actual = self._catalog.expect(ModelRef(ref.name, prediction.version), deadline)
            self._catalog.answered(ref, prediction.version)
            if (actual.shape, actual.preparation) == (expected.shape, expected.preparation):
                return actual, prediction
        observation.version = actual.version
        with observation.decoding():
            pixels = self._prepare_all(photos, actual.preparation, actual.shape, deadline)
        pinned = ModelRef(ref.name, actual.version)
        with observation.asking():
            return actual, self._source.predict(pinned, pixels, deadline)

    def _prepare_all(
        self, photos: list[Photo], preparation: str, shape: Shape, deadline: Deadline
    ) -> np.ndarray:
        """Return uint8 `[photos, height, width, channels]`; every bad photo is named."""
        pixels = np.empty((len(photos), *shape), np.uint8)
        bad: list[tuple[str, BadPhoto]] = []
        for place, photo in enumerate(photos):
            deadline.remaining()
            try:
                pixels[place] = prepare(
                    photo.encoded,
                    preparation,
                    shape,
                    max_pixels=self._max_pixels,
                    formats=self._formats,
                )
            except BadPhoto as error:
                bad.append((photo.name, error))
        if bad:
            raise BadPhotos(bad, len(photos))
        return pixels


def _rank(
    photos: list[Photo], description: Description, prediction: Prediction, top: int | None
) -> list[PhotoPrediction]:
    predictions = []
    orders = np.argsort(-prediction.probabilities, axis=1, kind="stable")[:, :top]
    for place, (photo, order) in enumerate(zip(photos, orders, strict=True)):
        row = prediction.probabilities[place]
        ranked = [ClassProbability(description.labels[i], float(row[i])) for i in order]
        known = None if prediction.recognized is None else bool(prediction.recognized[place])
        predictions.append(PhotoPrediction(photo.name, ranked, known))
    return predictions
