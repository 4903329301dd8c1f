"""Photos in, probabilities and heat maps out: which parts of a photo speak for its class."""

from serving.deadline import Deadline
from serving.errors import ModelNotReady, NotExplainable, UnknownVersion
from serving.gateway.inference.catalog import ModelSource
from serving.gateway.inference.classifier import TRIES, Classifier
from serving.gateway.inference.results import Explanation, Photo
from serving.gateway.model_client.contract import Description
from serving.gateway.model_client.model_ref import ModelRef
from serving.gateway.telemetry.observation import Observation


class Explainer:
    """Classifies photos and asks the version that has answered why."""

    def __init__(self, classifier: Classifier, source: ModelSource) -> None:
        self._classifier = classifier
        self._source = source

    def explain(
        self,
        ref: ModelRef,
        photos: list[Photo],
        top: int | None,
        deadline: Deadline,
        observation: Observation | None = None,
    ) -> Explanation:
        """Classify photos and explain; the arguments are those of `Classifier.classify`.

        Raises:
            NotExplainable: the version that answers gives no heat maps.
            PhotolabelError: as `Classifier.classify`.
        """
        observation = observation or Observation()
        _check(ref.name, self._classifier.expected(ref, deadline))  # Before anything is costly.
        for _ in range(TRIES):
            predicted = self._classifier.predict(ref, photos, deadline, observation)
            version = ModelRef(ref.name, predicted.prediction.version)
            # Measured apart: photos that people ask about would count twice, and look like drift.
            apart = Observation()
            answer = self._classifier.answer(ref, photos, top, predicted, apart)
            observation.version = apart.version
            _check(ref.name, predicted.description)
            try:
                with observation.explaining():
                    heat = self._source.explain(version, predicted.pixels, deadline)
            except UnknownVersion:  # It was replaced after it had answered: both anew.
                continue
            return Explanation(answer, heat, predicted.pixels)
        raise ModelNotReady(f"Model {ref} is changing: its versions come and go. Try again.")


def _check(name: str, description: Description) -> None:
    if not description.explains:
        raise NotExplainable(
            f"Model {ModelRef(name, description.version)}, has no signature 'explain', as models"
            " published before there were heat maps. Publish it again, or ask :classify."
        )
