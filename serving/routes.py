"""HTTP in, HTTP out: parses requests, renders answers (contract 2, docs/contracts.md)."""

import contextlib
import re
from dataclasses import asdict
from pathlib import Path
from typing import Any

from flask import Blueprint, Response, g, jsonify, request, send_from_directory
from werkzeug.routing import BaseConverter

from serving.admission import Admission
from serving.api_keys import ApiKeys
from serving.canary import Canary
from serving.catalog import Catalog
from serving.classification import Answer, Classification, PhotoPrediction
from serving.contract import Description
from serving.deadline import Deadline
from serving.errors import MalformedRequest, PhotolabelError, UnknownVersion
from serving.model_ref import ModelRef, VersionState
from serving.observation import Observation
from serving.readiness import Readiness
from serving.settings import Settings
from serving.uploads import Uploads

MAX_VERSION = 2**63 - 1
TIMEOUT_HEADER = "X-Request-Timeout"
WEB = Path(__file__).parent / "web"

_VERSION = re.compile(r"[0-9]{1,19}")
_SECONDS = re.compile(r"[0-9]{1,6}(\.[0-9]{1,6})?")
_PAGE_POLICY = "default-src 'self'; img-src 'self' blob:; frame-ancestors 'none'; base-uri 'none'"


class SegmentConverter(BaseConverter):
    """A segment of a path without a colon, which begins the verb."""

    regex = "[^/:]+"


class Routes:
    """The handlers of all paths, over the parts that do the work."""

    def __init__(
        self,
        settings: Settings,
        catalog: Catalog,
        classification: Classification,
        readiness: Readiness,
    ) -> None:
        self._settings = settings
        self._catalog = catalog
        self._classification = classification
        self._readiness = readiness
        self._uploads = Uploads(settings.max_body_bytes, settings.max_photos)
        self._admission = Admission(settings.max_in_flight)
        self._canary = Canary(settings.canary_share)
        self._api_keys = ApiKeys(settings.api_keys_file) if settings.api_keys_file else None

    def blueprint(self) -> Blueprint:
        """Return all paths. Those of the API are TensorFlow Serving's grammar."""
        routes = Blueprint("photolabel", __name__)
        routes.before_app_request(self.begin)
        routes.add_url_rule("/v1/models", view_func=self.models)
        model = "/v1/models/<segment:name>"
        for path in (
            model,
            f"{model}/versions/<segment:version>",
            f"{model}/labels/<segment:label>",
        ):
            routes.add_url_rule(path, view_func=self.model)
            routes.add_url_rule(f"{path}:classify", view_func=self.classify, methods=["POST"])
        routes.add_url_rule("/livez", view_func=self.livez)
        routes.add_url_rule("/readyz", view_func=self.readyz)
        routes.add_url_rule("/", view_func=self.page)
        routes.add_url_rule("/web/<path:file>", view_func=self.page_file)
        return routes

    def begin(self) -> None:
        """Start the time budget, which the caller may lower, and check the API key."""
        wanted = _timeout(request.headers.get(TIMEOUT_HEADER), self._settings.time_budget)
        g.deadline = Deadline(wanted, g.observation.trace.metadata)
        if self._api_keys and request.path.startswith("/v1/"):
            self._api_keys.check(request.headers.get("Authorization"))

    def models(self) -> Response:
        """List the models served; one that can't answer says why."""
        return jsonify(models=[self._overview(name) for name in self._catalog.names])

    def model(self, name: str, version: str | None = None, label: str | None = None) -> Response:
        """Show one model, or one version of it, with its card."""
        ref = self._ref(name, version, label)
        described, states = self._catalog.find(ref, g.deadline)
        return jsonify({**_model_json(name, described, states), "card": described.card})

    def classify(self, name: str, version: str | None = None, label: str | None = None) -> Response:
        """Classify the photos of the request."""
        ref = self._ref(name, version, label)
        top = _top(request.args.get("top"))
        caller = request.headers.get(self._settings.canary_header)
        observation: Observation = g.observation
        with observation.uploading():
            body = self._uploads.read(request, g.deadline)

        def ask(chosen: ModelRef) -> Answer:
            return self._classification.classify(chosen, photos, top, g.deadline, observation)

        with contextlib.ExitStack() as place:
            with observation.waiting():
                place.enter_context(self._admission.admitted())
            photos = self._uploads.photos(request, body)
            observation.photos = len(photos)
            answer = self._canary.route(ref, caller, ask)
        return jsonify(_answer_json(answer))

    def livez(self) -> Response:
        """Say that the process runs."""
        return jsonify(alive=True)

    def readyz(self) -> tuple[Response, int]:
        """Say whether every model can answer."""
        models = [asdict(model) for model in self._readiness.models(g.deadline)]
        ready = all(model["state"] == "ready" for model in models)
        shown = [{key: value for key, value in m.items() if value is not None} for m in models]
        return jsonify(ready=ready, models=shown), 200 if ready else 503

    def page(self) -> Response:
        """Serve the web page."""
        return self.page_file("index.html")

    def page_file(self, file: str) -> Response:
        """Serve a file of the web page."""
        response = send_from_directory(WEB, file)
        response.headers["Content-Security-Policy"] = _PAGE_POLICY
        response.headers["X-Content-Type-Options"] = "nosniff"
        return response

    def _ref(self, name: str, version: str | None, label: str | None) -> ModelRef:
        self._catalog.check_name(name)
        if version is None:
            return ModelRef(name, label=label)
        if not (
            version.isascii()
            and version.isdigit()
            and len(version) < 20
            and int(version) <= MAX_VERSION
        ):
            raise UnknownVersion(f"Versions are whole numbers, {version!r} is none.")
        return ModelRef(name, version=int(version))

    def _overview(self, name: str) -> dict[str, Any]:
        try:
            described, states = self._catalog.find(ModelRef(name), g.deadline)
        except PhotolabelError as error:
            return {"name": name, "state": "unavailable", "detail": error.detail}
        return _model_json(name, described, states)


def _timeout(text: str | None, budget: float) -> float:
    """Return the seconds for a request: what its header says, at most the budget."""
    if text is None:
        return budget
    if not _SECONDS.fullmatch(text) or float(text) == 0:
        raise MalformedRequest(f"{TIMEOUT_HEADER} is {text!r}; it has to be seconds, such as 2.5.")
    return min(float(text), budget)


def _top(text: str | None) -> int | None:
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 10 and int(text) > 0):
        raise MalformedRequest(f"top is {text!r}; it has to be a whole number from 1.")
    return int(text)


def _model_json(name: str, described: Description, states: list[VersionState]) -> dict[str, Any]:
    height, width, channels = described.shape
    return {
        "name": name,
        "state": "ready",
        "version": described.version,
        "versions": [{"version": state.version, "state": state.state} for state in states],
        "input": {"height": height, "width": width, "channels": channels},
        "preparation": described.preparation,
        "labels": described.labels,
    }


def _answer_json(answer: Answer) -> dict[str, Any]:
    predictions = [_prediction_json(prediction) for prediction in answer.predictions]
    return {"model": answer.model, "version": answer.version, "predictions": predictions}


def _prediction_json(prediction: PhotoPrediction) -> dict[str, Any]:
    best = prediction.probabilities[0]
    shown: dict[str, Any] = {
        "image": prediction.image,
        "label": best.label,
        "probability": best.probability,
        "probabilities": [
            {"label": each.label, "probability": each.probability}
            for each in prediction.probabilities
        ],
    }
    if prediction.recognized is not None:
        shown["recognized"] = prediction.recognized
    return shown
