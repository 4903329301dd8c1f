"""Photos in, probabilities out. Knows neither Flask nor gRPC."""

import contextlib
import logging
import math

import numpy as np

from serving.deadline import Deadline
from serving.errors import ModelNotReady, TooManyPhotos, UnknownVersion
from serving.gateway.inference.admission import DecodePlaces
from serving.gateway.inference.catalog import Catalog, ModelSource
from serving.gateway.inference.results import (
    Classification,
    ClassProbability,
    Photo,
    PhotoPrediction,
    Predicted,
)
from serving.gateway.model_client.contract import MAX_INPUT_BYTES, Description, Prediction
from serving.gateway.model_client.grpc_errors import RequestRefused, broken_contract
from serving.gateway.model_client.model_ref import ModelRef
from serving.gateway.telemetry.observation import Observation
from serving.photos.errors import BadPhoto, BadPhotos
from serving.photos.limits import PhotoLimits
from serving.photos.photo_preparer import PhotoPreparer

TRIES = 4

log = logging.getLogger(__name__)


class Classifier:
    """Classifies photos with the models of a catalog."""

    def __init__(
        self, catalog: Catalog, source: ModelSource, limits: PhotoLimits, max_decodes: int = 2
    ) -> None:
        self._catalog = catalog
        self._source = source
        self._preparer = PhotoPreparer(limits)
        self._decode_places = DecodePlaces(max_decodes)

    def classify(
        self,
        ref: ModelRef,
        photos: list[Photo],
        top: int | None,
        deadline: Deadline,
        observation: Observation | None = None,
    ) -> Classification:
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
        predicted = self.predict(ref, photos, deadline, observation)
        return self.answer(ref, photos, top, predicted, observation)

    def expected(self, ref: ModelRef, deadline: Deadline) -> Description:
        """Return the description of the version that will most likely answer.

        Raises:
            PhotolabelError: as `Catalog.expect`.
        """
        return self._catalog.expect(ref, deadline)

    def answer(
        self,
        ref: ModelRef,
        photos: list[Photo],
        top: int | None,
        predicted: Predicted,
        observation: Observation,
    ) -> Classification:
        """Put into words what `predict` returned; the arguments are those of `classify`.

        Raises:
            ModelNotReady: the model does not keep contract 1.
        """
        description, prediction = predicted.description, predicted.prediction
        classes = len(description.labels)
        if prediction.probabilities.shape[1] != classes:
            got = f"{prediction.probabilities.shape[1]} probabilities for {classes} labels"
            raise broken_contract(ref, got)
        if not np.isfinite(prediction.probabilities).all():
            raise broken_contract(ref, "a probability is not a number")
        observation.version = prediction.version
        predictions = _rank(photos, description, prediction, top)
        observation.best = [
            (each.probabilities[0].label, each.probabilities[0].probability) for each in predictions
        ]
        return Classification(ref.name, prediction.version, predictions)

    def predict(
        self, ref: ModelRef, photos: list[Photo], deadline: Deadline, observation: Observation
    ) -> Predicted:
        """Prepare and ask; anew if another version than expected answers and wants it so.

        Versions differ for a moment while one takes over, and for longer between replicas of the
        model server: what the caller did not name must not become the caller's error.
        """
        asked, expected = ref, self._catalog.expect(ref, deadline)
        for _ in range(TRIES):
            observation.version = expected.version
            pixels = self._prepare_all(photos, expected, deadline, observation)
            try:
                with observation.asking():
                    prediction = self._source.predict(asked, pixels, deadline)
            except RequestRefused as refusal:
                log.warning("%s", refusal.detail)
                expected = self._catalog.refresh(asked, deadline)
            except UnknownVersion:
                if asked == ref and ref != ModelRef(ref.name):
                    raise
            else:
                if prediction.version == expected.version:
                    return Predicted(expected, prediction, pixels)
                actual = self._describe(ref.name, prediction.version, deadline)
                self._catalog.answered(ref, prediction.version)
                if (actual.shape, actual.preparation) == (expected.shape, expected.preparation):
                    return Predicted(actual, prediction, pixels)
                expected = actual
            asked = ModelRef(ref.name, expected.version)
        raise ModelNotReady(f"Model {ref} is changing, or refuses its own input. Try again.")

    def _describe(self, name: str, version: int, deadline: Deadline) -> Description:
        """Describe a version that has answered; other replicas may not have it."""
        for _ in range(TRIES):
            with contextlib.suppress(UnknownVersion):
                return self._catalog.expect(ModelRef(name, version), deadline)
        raise ModelNotReady(f"Model {name} is changing: version {version} is gone. Try again.")

    def _prepare_all(
        self,
        photos: list[Photo],
        expected: Description,
        deadline: Deadline,
        observation: Observation,
    ) -> np.ndarray:
        """Return uint8 `[photos, height, width, channels]`; every bad photo is named."""
        self._source.check()
        preparation, shape = expected.preparation, expected.shape
        most = MAX_INPUT_BYTES // math.prod(shape)
        if len(photos) > most:
            raise TooManyPhotos(f"The model takes at most {most:,} photos at once. Send fewer.")
        pixels = np.empty((len(photos), *shape), np.uint8)
        bad: list[tuple[str, BadPhoto]] = []
        for place, photo in enumerate(photos):
            with observation.waiting():
                self._decode_places.take(deadline)
            try:
                with observation.decoding():
                    pixels[place] = self._preparer.prepare(
                        photo.encoded, preparation, shape, deadline
                    )
            except BadPhoto as error:
                # Its frames would keep the decoded image alive while the next is decoded.
                bad.append((photo.name, error.with_traceback(None)))
            finally:
                self._decode_places.leave()
        if bad:
            raise BadPhotos(bad, len(photos))
        return pixels


def _rank(
    photos: list[Photo], description: Description, prediction: Prediction, top: int | None
) -> list[PhotoPrediction]:
    """Rank the classes of each photo; plain Python, which is faster than NumPy on short rows."""
    labels, predictions = description.labels, []
    for place, (photo, row) in enumerate(
        zip(photos, prediction.probabilities.tolist(), strict=True)
    ):
        order = sorted(range(len(row)), key=row.__getitem__, reverse=True)[:top]
        ranked = [ClassProbability(labels[index], row[index]) for index in order]
        known = None if prediction.recognized is None else bool(prediction.recognized[place])
        predictions.append(PhotoPrediction(photo.name, ranked, known))
    return predictions
