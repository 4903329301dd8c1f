"""Example answers, made through the models that render the real ones."""

from serving.http import answers

VERSION = 3


def classification(model: str) -> answers.ClassificationAnswer:
    """Return the answer to one photo."""
    ranked = [
        answers.ClassProbability(label="Shirt", probability=0.93),
        answers.ClassProbability(label="T-shirt/top", probability=0.04),
    ]
    prediction = answers.PhotoPrediction(
        image="shirt.jpg", label="Shirt", probability=0.93, probabilities=ranked
    )
    return answers.ClassificationAnswer(model=model, version=VERSION, predictions=[prediction])


def explanation(model: str) -> answers.ExplanationAnswer:
    """Return the answer to why, for one photo."""
    prediction = classification(model).predictions[0]
    heat = [[0.0, 0.42, 0.0], [0.1, 1.0, 0.37], [0.0, 0.25, 0.08]]
    explained = answers.PhotoExplanation(**prediction.model_dump(), heat=heat)
    return answers.ExplanationAnswer(model=model, version=VERSION, predictions=[explained])


def described(model: str) -> answers.DescribedModel:
    """Return a model with its card."""
    return answers.DescribedModel(**_ready(model).model_dump(), card={"recipe": "clothing-cnn"})


def model_list(model: str) -> answers.ModelList:
    """Return a list of one model that can answer."""
    return answers.ModelList(models=[_ready(model)])


def ready(model: str) -> answers.ReadinessAnswer:
    """Return the answer when all models can answer."""
    state = answers.ModelReadinessAnswer(name=model, state="ready", version=VERSION)
    return answers.ReadinessAnswer(ready=True, models=[state])


def not_ready(model: str) -> answers.ReadinessAnswer:
    """Return the answer when a model can't answer."""
    why = "The model server does not answer. Try again shortly."
    state = answers.ModelReadinessAnswer(name=model, state="unavailable", detail=why)
    return answers.ReadinessAnswer(ready=False, models=[state])


def _ready(model: str) -> answers.ReadyModel:
    return answers.ReadyModel(
        name=model,
        state="ready",
        version=VERSION,
        versions=[answers.VersionState(version=VERSION, state="AVAILABLE")],
        input=answers.ModelInput(height=28, width=28, channels=1),
        preparation="garment/1",
        labels=["T-shirt/top", "Shirt"],
        explains=True,
    )
