"""Example responses, made with the models that render the real ones.

They name a model, and have its version, classes and input as far as it has described itself.
"""

from dataclasses import dataclass, replace
from typing import Any

from serving.gateway.api import schemas
from serving.gateway.inference.canary import STABLE
from serving.gateway.inference.readiness import ModelReadiness
from serving.gateway.inference.results import ClassProbability, PhotoPrediction, VersionLabel
from serving.gateway.model_client.contract import Description

NEUTRAL = Description(
    version=1,
    shape=(224, 224, 3),
    labels=("first class", "second class"),
    preparation="squash/1",
    card={},
    explains=True,
)
"""A description for examples while the model server can't be asked."""

_PROBABILITIES = (0.9, 0.07, 0.02)  # As with `?top=3`.
_CARD_MEMBERS = 4


@dataclass(frozen=True)
class ExampleModel:
    """The model that the examples name, and what it says about itself."""

    name: str
    described: Description

    @property
    def version(self) -> int:
        """Return the version that answers."""
        return self.described.version

    @property
    def prediction(self) -> PhotoPrediction:
        """Return a prediction for one photo."""
        pairs = zip(self.described.labels, _PROBABILITIES, strict=False)
        ranked = [ClassProbability(label, probability) for label, probability in pairs]
        rest = 1.0 - sum(each.probability for each in ranked)
        if len(self.described.labels) <= len(_PROBABILITIES):  # All classes: their sum is 1.
            ranked[0] = replace(ranked[0], probability=round(ranked[0].probability + rest, 2))
        best = ranked[0]
        return PhotoPrediction("photo.jpg", best.label, best.probability, ranked, recognized=True)


def classification(model: ExampleModel) -> schemas.ClassificationResponse:
    """Return the response to one photo."""
    return schemas.ClassificationResponse(
        model=model.name, version=model.version, predictions=[model.prediction]
    )


def explanation(model: ExampleModel) -> schemas.ExplanationResponse:
    """Return the response to one photo, with its heat map."""
    heat = [[0.0, 0.42, 0.0], [0.1, 1.0, 0.37], [0.0, 0.25, 0.08]]
    explained = schemas.PhotoExplanation(**vars(model.prediction), heat=heat)
    return schemas.ExplanationResponse(
        model=model.name, version=model.version, predictions=[explained]
    )


def described_model(model: ExampleModel) -> schemas.DescribedModel:
    """Return a model with the first plain members of its card, which may have many."""
    plain: list[tuple[str, Any]] = [
        (name, value)
        for name, value in model.described.card.items()
        if isinstance(value, str | int | float)
    ]
    return schemas.DescribedModel(**vars(_ready(model)), card=dict(plain[:_CARD_MEMBERS]))


def model_list(model: ExampleModel) -> schemas.ModelList:
    """Return a list of one model that can answer."""
    return schemas.ModelList(models=[_ready(model)])


def ready(model: ExampleModel) -> schemas.ReadinessResponse:
    """Return the response when all models can answer."""
    state = ModelReadiness(model.name, "ready", model.version)
    return schemas.ReadinessResponse(ready=True, models=[state])


def not_ready(model: ExampleModel) -> schemas.ReadinessResponse:
    """Return the response when a model can't answer."""
    why = "The model server does not answer. Try again shortly."
    state = ModelReadiness(model.name, "unavailable", detail=why)
    return schemas.ReadinessResponse(ready=False, models=[state])


def _ready(model: ExampleModel) -> schemas.ReadyModel:
    described = model.described
    height, width, channels = described.shape
    return schemas.ReadyModel(
        name=model.name,
        state="ready",
        version=described.version,
        versions=[schemas.ModelVersion(version=described.version, state="AVAILABLE")],
        version_labels=[VersionLabel(STABLE, described.version, 1.0)],
        input=schemas.ModelInput(height=height, width=width, channels=channels),
        preparation=described.preparation,
        labels=list(described.labels),
        explains=described.explains,
    )
