"""What the parts of the gateway return, as HTTP answers."""

from typing import Any

from flask import Response
from pydantic import BaseModel

from serving.errors import PhotolabelError
from serving.gateway.api.heat_map import overlay
from serving.gateway.api.schemas import (
    ClassificationAnswer,
    DescribedModel,
    ExplanationAnswer,
    ReadyModel,
    UnavailableModel,
)
from serving.gateway.inference.results import Classification, Explanation, PhotoPrediction
from serving.gateway.model_client.contract import Description
from serving.gateway.model_client.model_ref import VersionState

JSON = "application/json"
PROBLEM = "application/problem+json"
PNG = "image/png"

HEAT_DIGITS = 4


def render(document: BaseModel, status: int = 200, media_type: str = JSON) -> Response:
    """Return a document as JSON; what is None is left out."""
    text = document.model_dump_json(exclude_none=True)
    return Response(text + "\n", status=status, mimetype=media_type)


# Models are made from plain dictionaries: that takes half the time of making them one by one.


def classification_answer(answer: Classification) -> ClassificationAnswer:
    """Return what was classified as the API's answer."""
    return ClassificationAnswer.model_validate(
        {
            "model": answer.model,
            "version": answer.version,
            "predictions": [_prediction(each) for each in answer.predictions],
        }
    )


def explanation_answer(explained: Explanation) -> ExplanationAnswer:
    """Return what was classified and explained as the API's answer."""
    answer, heat = (
        explained.classification,
        explained.heat.astype(float).round(HEAT_DIGITS).tolist(),
    )
    pairs = zip(answer.predictions, heat, strict=True)
    return ExplanationAnswer.model_validate(
        {
            "model": answer.model,
            "version": answer.version,
            "predictions": [{**_prediction(each), "heat": rows} for each, rows in pairs],
        }
    )


def picture(explained: Explanation) -> Response:
    """Return the heat map of the one photo, laid over it."""
    return Response(overlay(explained.pixels[0], explained.heat[0]), mimetype=PNG)


def _prediction(prediction: PhotoPrediction) -> dict[str, Any]:
    best = prediction.probabilities[0]
    return {
        "image": prediction.image,
        "label": best.label,
        "probability": best.probability,
        "probabilities": [
            {"label": each.label, "probability": each.probability}
            for each in prediction.probabilities
        ],
        "recognized": prediction.recognized,
    }


def ready_model(name: str, described: Description, states: list[VersionState]) -> ReadyModel:
    """Return a version of a model that can answer."""
    return ReadyModel.model_validate(_model(name, described, states))


def described_model(
    name: str, described: Description, states: list[VersionState]
) -> DescribedModel:
    """Return a version of a model that can answer, with its card."""
    return DescribedModel.model_validate(
        {**_model(name, described, states), "card": described.card}
    )


def unavailable_model(name: str, error: PhotolabelError) -> UnavailableModel:
    """Return a model that can't answer, and why."""
    return UnavailableModel(name=name, state="unavailable", detail=error.detail)


def _model(name: str, described: Description, states: list[VersionState]) -> dict[str, Any]:
    height, width, channels = described.shape
    return {
        "name": name,
        "state": "ready",
        "version": described.version,
        "versions": [{"version": state.version, "state": state.state} for state in states],
        "input": {"height": height, "width": width, "channels": channels},
        "preparation": described.preparation,
        "labels": described.labels,
        "explains": described.explains,
    }
