"""Photos in, predictions and heat maps out."""

import contextlib
import logging
import math

import numpy as np

from serving.deadline import Deadline
from serving.gateway.inference.catalog import Catalog, ModelSource
from serving.gateway.inference.decode_limit import DecodeLimit
from serving.gateway.inference.joined_calls import JoinedCalls
from serving.gateway.inference.results import (
    Classification,
    ClassProbability,
    Explanation,
    ModelOutput,
    Photo,
    PhotoPrediction,
    PreparedPhoto,
)
from serving.gateway.model_client.contract import MAX_INPUT_BYTES, Description
from serving.gateway.model_client.grpc_errors import RequestRefused, broken_contract
from serving.gateway.model_client.model_ref import ModelRef
from serving.gateway.telemetry.observation import Observation
from serving.http_errors import ModelNotReady, NotExplainable, TooManyPhotos, UnknownVersion
from serving.photos.errors import BadPhoto, BadPhotos, NotAnImage
from serving.photos.formats_and_limits import PhotoLimits
from serving.photos.worker_or_sandbox import PhotoPreparer

TRIES = 4

log = logging.getLogger(__name__)


class Classifier:
    """Classifies photos with the models of a catalog, and explains the predictions.

    Args:
        catalog: the models.
        source: the model server.
        limits: of one photo.
        max_decodes: how many photos are decoded at once.
        max_batch: photos of one call to the model server, for requests that wait together.
    """

    def __init__(
        self,
        catalog: Catalog,
        source: ModelSource,
        limits: PhotoLimits,
        max_decodes: int = 2,
        max_batch: int = 8,
    ) -> None:
        self._catalog = catalog
        self._source = source
        self._preparer = PhotoPreparer(limits)
        self._decode_limit = DecodeLimit(max_decodes)
        self._calls = JoinedCalls(source, max_batch)

    def close(self) -> None:
        """End the sandbox process, if there is one."""
        self._preparer.close()

    def classify(
        self,
        ref: ModelRef,
        photos: list[Photo],
        top: int | None,
        deadline: Deadline,
        observation: Observation,
    ) -> Classification:
        """Classify photos.

        Args:
            ref: which model.
            photos: at least one.
            top: how many of the most probable classes to return; None returns all.
            deadline: of the request.
            observation: where measurements are noted.

        Raises:
            PhotolabelError: the model or a photo is bad, the deadline has passed…
        """
        output = self._predict(ref, photos, deadline, observation)
        classification = _to_classification(ref.name, output, top)
        observation.best = [(each.label, each.probability) for each in classification.predictions]
        return classification

    def explain(
        self,
        ref: ModelRef,
        photos: list[Photo],
        top: int | None,
        deadline: Deadline,
        observation: Observation,
    ) -> Explanation:
        """Classify photos and let the version that answered explain; arguments as for `classify`.

        Raises:
            PhotolabelError: as there; `NotExplainable`: the version has no signature `explain`.
        """
        _check_explains(ref.name, self._catalog.expect(ref, deadline))  # Before anything costly.
        for _ in range(TRIES):
            output = self._predict(ref, photos, deadline, observation)
            # Not noted in the observation as `classify` does: photos that people ask about would
            # count twice, and look like drift.
            classification = _to_classification(ref.name, output, top)
            _check_explains(ref.name, output.description)
            version = ModelRef(ref.name, classification.version)
            try:
                with observation.stage("explain"):
                    heat = self._source.explain(version, output.pixels, deadline)
            except UnknownVersion:  # It was replaced after it had answered: classify again.
                continue
            return Explanation(classification, heat, output.pixels)
        raise ModelNotReady(f"Model {ref} is changing: its versions are being replaced. Try again.")

    def prepare(
        self, ref: ModelRef, photos: list[Photo], deadline: Deadline, observation: Observation
    ) -> PreparedPhoto:
        """Prepare one photo for the version that serves now, without a prediction.

        Raises:
            PhotolabelError: as for `classify`.
        """
        # Not `expect`: no prediction would show that another version has taken over.
        described, _ = self._catalog.find(ref, deadline)
        observation.version = described.version
        return PreparedPhoto(self._prepare_all(photos, described, deadline, observation)[0])

    def _predict(
        self, ref: ModelRef, photos: list[Photo], deadline: Deadline, observation: Observation
    ) -> ModelOutput:
        """Prepare the photos and ask the model; again if the answering version needs other pixels.

        Versions differ for a moment while one takes over, and for longer between replicas of the
        model server: the client did not name one, so this must not become its error.
        """
        asked, expected = ref, self._catalog.expect(ref, deadline)
        for _ in range(TRIES):
            observation.version = expected.version
            pixels = self._prepare_all(photos, expected, deadline, observation)
            try:
                with observation.stage("predict"):
                    prediction = self._calls.predict(asked, pixels, deadline, observation.trace)
            except RequestRefused as refusal:
                log.warning("%s", refusal.detail)
                expected = self._catalog.refresh(asked, deadline)
            except UnknownVersion:
                if asked == ref and ref != ModelRef(ref.name):
                    raise
            else:
                observation.version = prediction.version
                if prediction.version == expected.version:
                    return ModelOutput(photos, expected, prediction, pixels)
                actual = self._describe(ref.name, prediction.version, deadline)
                self._catalog.answered(ref, prediction.version)
                if (actual.shape, actual.preparation) == (expected.shape, expected.preparation):
                    return ModelOutput(photos, actual, prediction, pixels)
                expected = actual
            asked = ModelRef(ref.name, expected.version)
        raise ModelNotReady(f"Model {ref} is changing, or refuses its own input. Try again.")

    def _describe(self, name: str, version: int, deadline: Deadline) -> Description:
        """Describe a version that has answered; other replicas may lack it."""
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
        """Return uint8 `[photos, height, width, channels]`; the error names every bad photo."""
        self._source.check()
        preparation, shape = expected.preparation, expected.shape
        limit = MAX_INPUT_BYTES // math.prod(shape)
        if len(photos) > limit:
            raise TooManyPhotos(f"The model takes at most {limit:,} photos at once. Send fewer.")
        pixels = np.empty((len(photos), *shape), np.uint8)
        bad: list[tuple[str, BadPhoto]] = []
        for index, photo in enumerate(photos):
            with contextlib.ExitStack() as permit:
                with observation.stage("queue"):
                    permit.enter_context(self._decode_limit.acquired(deadline))
                try:
                    if photo.fault:
                        raise NotAnImage(photo.fault)
                    with observation.stage("decode"):
                        pixels[index] = self._preparer.prepare(
                            photo.encoded, preparation, shape, deadline, permit.close
                        )
                except BadPhoto as error:
                    # Its frames would keep the decoded image alive while the next is decoded.
                    bad.append((photo.name, error.with_traceback(None)))
        if bad:
            raise BadPhotos(bad, len(photos))
        return pixels


def _to_classification(model: str, output: ModelOutput, top: int | None) -> Classification:
    """Name and rank the classes of each photo; raise `ModelNotReady` if contract 1 is violated."""
    labels, prediction = output.description.labels, output.prediction
    ref = ModelRef(model, prediction.version)
    columns = prediction.probabilities.shape[1]
    if columns != len(labels):
        raise broken_contract(ref, f"{columns} probabilities for {len(labels)} labels")
    if not np.isfinite(prediction.probabilities).all():
        raise broken_contract(ref, "a probability is not a number")
    predictions = []
    # Plain Python is faster than NumPy on short rows.
    rows = zip(output.photos, prediction.probabilities.tolist(), strict=True)
    for index, (photo, row) in enumerate(rows):
        order = sorted(range(len(row)), key=row.__getitem__, reverse=True)[:top]
        ranked = [ClassProbability(labels[each], row[each]) for each in order]
        known = None if prediction.recognized is None else bool(prediction.recognized[index])
        best = ranked[0]
        predictions.append(PhotoPrediction(photo.name, best.label, best.probability, ranked, known))
    return Classification(model, prediction.version, predictions)


def _check_explains(name: str, description: Description) -> None:
    if not description.explains:
        raise NotExplainable(
            f"Model {ModelRef(name, description.version)}, has no signature 'explain': it was"
            " published before there were heat maps. Publish it again, or use :classify."
        )
