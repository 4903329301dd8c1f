"""Photos in, predictions and heat maps out: which parts of a photo are evidence for its class."""

from serving.deadline import Deadline
from serving.errors import ModelNotReady, NotExplainable, UnknownVersion
from serving.gateway.inference.catalog import ModelSource
from serving.gateway.inference.classifier import TRIES, Classifier, to_classification
from serving.gateway.inference.results import Explanation, Photo
from serving.gateway.model_client.contract import Description
from serving.gateway.model_client.model_ref import ModelRef
from serving.gateway.telemetry.observation import Observation


class Explainer:
    """Classifies photos and asks the version that answered to explain."""

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
        """Classify photos and explain the predictions; arguments as for `Classifier.classify`.

        Raises:
            PhotolabelError: as there; `NotExplainable`: the version has no signature `explain`.
        """
        observation = observation or Observation()
        expected = self._classifier.catalog.expect(ref, deadline)
        _check_explains(ref.name, expected)  # Before anything costly.
        for _ in range(TRIES):
            output = self._classifier.predict(ref, photos, deadline, observation)
            # Not noted in the observation as `classify` does: photos that people ask about would
            # count twice, and look like drift.
            classification = to_classification(ref.name, output, top)
            _check_explains(ref.name, output.description)
            version = ModelRef(ref.name, classification.version)
            try:
                with observation.explaining():
                    heat = self._source.explain(version, output.pixels, deadline)
            except UnknownVersion:  # It was replaced after it had answered: classify again.
                continue
            return Explanation(classification, heat, output.pixels)
        raise ModelNotReady(f"Model {ref} is changing: its versions come and go. Try again.")


def _check_explains(name: str, description: Description) -> None:
    if not description.explains:
        raise NotExplainable(
            f"Model {ModelRef(name, description.version)}, has no signature 'explain': it was"
            " published before there were heat maps. Publish it again, or use :classify."
        )
