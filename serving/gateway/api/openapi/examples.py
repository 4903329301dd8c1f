"""Example responses, made with the models that render the real ones."""

from serving.gateway.api import schemas
from serving.gateway.inference.readiness import ModelReadiness
from serving.gateway.inference.results import ClassProbability, PhotoPrediction

VERSION = 3

_RANKED = [ClassProbability("Shirt", 0.93), ClassProbability("T-shirt/top", 0.04)]
_PREDICTION = PhotoPrediction("shirt.jpg", "Shirt", 0.93, _RANKED)


def classification(model: str) -> schemas.ClassificationResponse:
    """Return the response to one photo."""
    return schemas.ClassificationResponse(model=model, version=VERSION, predictions=[_PREDICTION])


def explanation(model: str) -> schemas.ExplanationResponse:
    """Return the response to one photo, with its heat map."""
    heat = [[0.0, 0.42, 0.0], [0.1, 1.0, 0.37], [0.0, 0.25, 0.08]]
    explained = schemas.PhotoExplanation(**vars(_PREDICTION), heat=heat)
    return schemas.ExplanationResponse(model=model, version=VERSION, predictions=[explained])


def described_model(model: str) -> schemas.DescribedModel:
    """Return a model with its card."""
    return schemas.DescribedModel(**vars(_ready(model)), card={"recipe": "clothing-cnn"})


def model_list(model: str) -> schemas.ModelList:
    """Return a list of one model that can answer."""
    return schemas.ModelList(models=[_ready(model)])


def ready(model: str) -> schemas.ReadinessResponse:
    """Return the response when all models can answer."""
    state = ModelReadiness(model, "ready", VERSION)
    return schemas.ReadinessResponse(ready=True, models=[state])


def not_ready(model: str) -> schemas.ReadinessResponse:
    """Return the response when a model can't answer."""
    why = "The model server does not answer. Try again shortly."
    state = ModelReadiness(model, "unavailable", detail=why)
    return schemas.ReadinessResponse(ready=False, models=[state])


def _ready(model: str) -> schemas.ReadyModel:
    return schemas.ReadyModel(
        name=model,
        state="ready",
        version=VERSION,
        versions=[schemas.ModelVersion(version=VERSION, state="AVAILABLE")],
        input=schemas.ModelInput(height=28, width=28, channels=1),
        preparation="garment/1",
        labels=["T-shirt/top", "Shirt"],
        explains=True,
    )
