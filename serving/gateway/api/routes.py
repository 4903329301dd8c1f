"""HTTP in, HTTP out: parses requests, renders answers (contract 2, docs/contracts.md)."""

import contextlib
from collections.abc import Callable
from typing import TypeVar

from flask import Blueprint, Response, g, request
from werkzeug.routing import BaseConverter

from serving.deadline import TIMEOUT_HEADER, Deadline, read_timeout
from serving.errors import MalformedRequest, PhotolabelError, UnknownVersion
from serving.gateway.api.api_keys import KEYED, ApiKeys
from serving.gateway.api.responses import (
    JSON,
    PNG,
    classification_answer,
    described_model,
    explanation_answer,
    picture,
    ready_model,
    render,
    unavailable_model,
)
from serving.gateway.api.schemas import (
    Liveness,
    ModelList,
    ModelReadinessAnswer,
    ReadinessAnswer,
    ReadyModel,
    UnavailableModel,
)
from serving.gateway.api.uploads import Uploads
from serving.gateway.inference.admission import Admission
from serving.gateway.inference.canary import Canary
from serving.gateway.inference.catalog import Catalog
from serving.gateway.inference.classifier import Classifier
from serving.gateway.inference.explainer import Explainer
from serving.gateway.inference.readiness import Readiness
from serving.gateway.model_client.model_ref import ModelRef
from serving.gateway.settings import Settings
from serving.gateway.telemetry.observation import Observation

MAX_VERSION = 2**63 - 1
FORMATS = {"json": JSON, "png": PNG}

Result = TypeVar("Result")


class SegmentConverter(BaseConverter):
    """A segment of a path without a colon, which begins the verb."""

    regex = "[^/:]+"


class Routes:
    """The handlers of all paths, over the parts that do the work."""

    def __init__(
        self,
        settings: Settings,
        catalog: Catalog,
        classifier: Classifier,
        explainer: Explainer,
        readiness: Readiness,
    ) -> None:
        self._settings = settings
        self._catalog = catalog
        self._classifier = classifier
        self._explainer = explainer
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
            routes.add_url_rule(f"{path}:explain", view_func=self.explain, methods=["POST"])
        routes.add_url_rule("/livez", view_func=self.livez)
        routes.add_url_rule("/readyz", view_func=self.readyz)
        return routes

    def begin(self) -> None:
        """Start the time budget, which the caller may lower, and check the API key."""
        keyed = request.path.startswith(KEYED)
        if keyed or request.path == "/readyz":
            wanted = _timeout(request.headers.get(TIMEOUT_HEADER), self._settings.time_budget)
            g.deadline = Deadline(wanted, g.observation.trace.metadata, g.observation.began)
        # What OPTIONS tells is no secret, and browsers ask it without the key.
        if keyed and self._api_keys and request.method != "OPTIONS":
            self._api_keys.check(request.headers.get("Authorization"))

    def models(self) -> Response:
        """List the models served; one that can't answer says why."""
        with self._admission.admitted():
            overviews = [self._overview(name) for name in self._catalog.names]
        return render(ModelList(models=overviews))

    def model(self, name: str, version: str | None = None, label: str | None = None) -> Response:
        """Show one model, or one version of it, with its card."""
        ref = self._ref(name, version, label)
        with self._admission.admitted():
            described, states = self._catalog.find(ref, g.deadline)
        return render(described_model(name, described, states))

    def classify(self, name: str, version: str | None = None, label: str | None = None) -> Response:
        """Classify the photos of the request."""
        answer = self._ask(self._classifier.classify, self._ref(name, version, label))
        return render(classification_answer(answer))

    def explain(self, name: str, version: str | None = None, label: str | None = None) -> Response:
        """Classify the photos of the request and show why."""
        ref, wanted = self._ref(name, version, label), _format()
        most = 1 if wanted == PNG else None
        explained = self._ask(self._explainer.explain, ref, most)
        return picture(explained) if wanted == PNG else render(explanation_answer(explained))

    def _ask(
        self, ask: Callable[..., Result], ref: ModelRef, most_photos: int | None = None
    ) -> Result:
        """Ask a version about the photos of the request, when it is its turn."""
        top = _top(request.args.get("top"))
        caller = request.headers.get(self._settings.canary_header)
        observation: Observation = g.observation
        with observation.uploading():
            body = self._uploads.read(request, g.deadline)

        def ask_version(chosen: ModelRef) -> Result:
            return ask(chosen, photos, top, g.deadline, observation)

        with contextlib.ExitStack() as place:
            with observation.waiting():
                place.enter_context(self._admission.admitted())
            photos = self._uploads.photos(request, body)
            observation.photos = len(photos)
            if most_photos is not None and len(photos) > most_photos:
                raise MalformedRequest(
                    f"A picture shows one photo, and there are {len(photos)} in the request. Send"
                    " one, or ask for JSON."
                )
            return self._canary.route(ref, caller, ask_version)

    def livez(self) -> Response:
        """Say that the process runs."""
        return render(Liveness(alive=True))

    def readyz(self) -> Response:
        """Say whether every model can answer."""
        models = self._readiness.models(g.deadline)
        ready = all(model.state == "ready" for model in models)
        shown = [
            ModelReadinessAnswer.model_validate(model, from_attributes=True) for model in models
        ]
        return render(ReadinessAnswer(ready=ready, models=shown), 200 if ready else 503)

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

    def _overview(self, name: str) -> ReadyModel | UnavailableModel:
        try:
            described, states = self._catalog.find(ModelRef(name), g.deadline)
        except PhotolabelError as error:
            return unavailable_model(name, error)
        return ready_model(name, described, states)


def _timeout(text: str | None, budget: float) -> float:
    seconds = read_timeout(text, budget)
    if seconds is None:
        raise MalformedRequest(f"{TIMEOUT_HEADER} is {text!r}; it has to be seconds, such as 2.5.")
    return seconds


def _top(text: str | None) -> int | None:
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 10 and int(text) > 0):
        raise MalformedRequest(f"top is {text!r}; it has to be a whole number from 1.")
    return int(text)


def _format() -> str:
    """Return the media type of the answer: by `format`, else by `Accept`, which is for wishes."""
    named = request.args.get("format")
    if named is None:
        return request.accept_mimetypes.best_match([JSON, PNG], JSON) or JSON
    if named not in FORMATS:
        raise MalformedRequest(f"format is {named!r}; it has to be {' or '.join(FORMATS)}.")
    return FORMATS[named]
