"""Results of inference as HTTP responses."""

import io

from flask import Response
from PIL import Image
from pydantic import BaseModel

from serving.gateway.api.heat_map import overlay
from serving.gateway.api.schemas import (
    ClassificationResponse,
    ExplanationResponse,
    ModelInput,
    ModelVersion,
    PhotoExplanation,
    ReadyModel,
)
from serving.gateway.inference.results import (
    Classification,
    Explanation,
    PreparedPhoto,
    VersionLabel,
)
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


def classification_response(result: Classification) -> Response:
    """Return the predictions as JSON."""
    return render(ClassificationResponse(**vars(result)))


def explanation_response(result: Explanation) -> Response:
    """Return the predictions and their heat maps as JSON."""
    answer, heat = result.classification, result.heat.astype(float).round(HEAT_DIGITS).tolist()
    pairs = zip(answer.predictions, heat, strict=True)
    explained = [PhotoExplanation(**vars(prediction), heat=rows) for prediction, rows in pairs]
    return render(
        ExplanationResponse(model=answer.model, version=answer.version, predictions=explained)
    )


def heat_map_response(result: Explanation) -> Response:
    """Return the heat map of the one photo, drawn over it, as PNG."""
    return Response(overlay(result.pixels[0], result.heat[0]), mimetype=PNG)


def prepared_response(result: PreparedPhoto) -> Response:
    """Return the pixels as PNG, without loss."""
    gray = result.pixels.shape[2] == 1
    file = io.BytesIO()
    Image.fromarray(result.pixels[..., 0] if gray else result.pixels).save(file, "PNG")
    return Response(file.getvalue(), mimetype=PNG)


def ready_model(
    name: str,
    described: Description,
    states: list[VersionState],
    version_labels: list[VersionLabel],
) -> ReadyModel:
    """Return a version of a model that can answer."""
    height, width, channels = described.shape
    return ReadyModel(
        name=name,
        state="ready",
        version=described.version,
        versions=[ModelVersion(version=each.version, state=each.state) for each in states],
        version_labels=version_labels,
        input=ModelInput(height=height, width=width, channels=channels),
        preparation=described.preparation,
        labels=list(described.labels),
        explains=described.explains,
    )
