"""Example answers, made through the models that render the real ones."""

from serving.gateway.api import schemas

VERSION = 3


def classification(model: str) -> schemas.ClassificationAnswer:
    """Return the answer to one photo."""
    ranked = [
        schemas.ClassProbability(label="Shirt", probability=0.93),
        schemas.ClassProbability(label="T-shirt/top", probability=0.04),
    ]
    prediction = schemas.PhotoPrediction(
        image="shirt.jpg", label="Shirt", probability=0.93, probabilities=ranked
    )
    return schemas.ClassificationAnswer(model=model, version=VERSION, predictions=[prediction])


def explanation(model: str) -> schemas.ExplanationAnswer:
    """Return the answer to why, for one photo."""
    prediction = classification(model).predictions[0]
    heat = [[0.0, 0.42, 0.0], [0.1, 1.0, 0.37], [0.0, 0.25, 0.08]]
    explained = schemas.PhotoExplanation(**prediction.model_dump(), heat=heat)
    return schemas.ExplanationAnswer(model=model, version=VERSION, predictions=[explained])


def described(model: str) -> schemas.DescribedModel:
    """Return a model with its card."""
    return schemas.DescribedModel(**_ready(model).model_dump(), card={"recipe": "clothing-cnn"})


def model_list(model: str) -> schemas.ModelList:
    """Return a list of one model that can answer."""
    return schemas.ModelList(models=[_ready(model)])


def ready(model: str) -> schemas.ReadinessAnswer:
    """Return the answer when all models can answer."""
    state = schemas.ModelReadinessAnswer(name=model, state="ready", version=VERSION)
    return schemas.ReadinessAnswer(ready=True, models=[state])


def not_ready(model: str) -> schemas.ReadinessAnswer:
    """Return the answer when a model can't answer."""
    why = "The model server does not answer. Try again shortly."
    state = schemas.ModelReadinessAnswer(name=model, state="unavailable", detail=why)
    return schemas.ReadinessAnswer(ready=False, models=[state])


def _ready(model: str) -> schemas.ReadyModel:
    return schemas.ReadyModel(
        name=model,
        state="ready",
        version=VERSION,
        versions=[schemas.VersionState(version=VERSION, state="AVAILABLE")],
        input=schemas.ModelInput(height=28, width=28, channels=1),
        preparation="garment/1",
        labels=["T-shirt/top", "Shirt"],
        explains=True,
    )
