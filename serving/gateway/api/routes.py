"""The routes of the API under `/v1/` (contract 2, docs/contracts.md).

To add a route, add a method with `@Route`: it is served and described from there.
"""

import time
from collections.abc import Callable
from functools import partial
from typing import TypeVar

from flask import Response, current_app, g, request

from serving.deadline import TIMEOUT_HEADER, Deadline, read_timeout
from serving.gateway.api.api_keys import KEYED, ApiKeys
from serving.gateway.api.openapi import examples
from serving.gateway.api.query import check_query, media_type, top
from serving.gateway.api.request_arrival import check_wait
from serving.gateway.api.responses import (
    PNG,
    classification_response,
    explanation_response,
    heat_map_response,
    prepared_response,
    ready_model,
    render,
)
from serving.gateway.api.routing import MODEL_PATHS, URL, Described, Route, route_of
from serving.gateway.api.schemas import DescribedModel, ModelList, ReadyModel, UnavailableModel
from serving.gateway.api.uploads import Uploads
from serving.gateway.inference.catalog import Catalog
from serving.gateway.inference.classifier import Classifier
from serving.gateway.inference.results import Photo
from serving.gateway.model_client.model_ref import ModelRef
from serving.gateway.settings import Settings
from serving.gateway.telemetry.observation import Observation
from serving.http_errors import (
    MalformedRequest,
    NotExplainable,
    NotFoundError,
    PhotolabelError,
    ServiceError,
    UnknownVersion,
    UploadError,
)

Result = TypeVar("Result")


class Routes:
    """The handlers, over the parts that do the work."""

    def __init__(self, settings: Settings, catalog: Catalog, classifier: Classifier) -> None:
        self._settings = settings
        self._catalog = catalog
        self._classifier = classifier
        self._uploads = Uploads(settings.max_body_bytes, settings.max_photos)
        self._canary = catalog.canary
        self._api_keys = ApiKeys(settings.api_keys_file) if settings.api_keys_file else None

    def begin(self) -> None:
        """Start the time budget, which the client may lower; check the API key and the query."""
        keyed = request.path.startswith(KEYED)
        if keyed:
            check_wait(request.environ)
        if keyed or request.path == "/readyz":
            text = request.headers.get(TIMEOUT_HEADER)
            asked = read_timeout(text)
            if asked is None:
                raise MalformedRequest(
                    f"{TIMEOUT_HEADER} is {text!r}; it must be seconds, such as 2.5."
                )
            seen = g.observation
            g.deadline = Deadline.of_request(
                self._settings.time_budget, asked, seen.began, seen.ended, seen.trace.metadata
            )
        # OPTIONS reveals no secret, and browsers send it without the key.
        if keyed and self._api_keys and request.method != "OPTIONS":
            self._api_keys.check(request.headers.get("Authorization"))
        if keyed and request.query_string and request.method != "OPTIONS" and request.endpoint:
            check_query(request, route_of(current_app.view_functions[request.endpoint]).query)

    @Route(
        ("/v1/models",),
        group="Models",
        responses={200: Described("The models served.", examples.model_list)},
        operation="listModels",
    )
    def models(self) -> Response:
        """List the models.

        A model that can't answer says why.
        """
        overviews = [self._overview(name) for name in self._catalog.names]
        return render(ModelList(models=overviews))

    @Route(
        MODEL_PATHS,
        group="Models",
        responses={200: Described("The model, with its card.", examples.described_model)},
        errors=(NotFoundError, ServiceError),
        operation="getModel",
    )
    def model(self, name: str, version: str | None = None, label: str | None = None) -> Response:
        """Show a model.

        Without a version or label, the version that most such requests get.
        """
        ref = self._catalog.ref(name, version, label)
        described, states = self._catalog.find(ref, g.deadline)
        version_labels = self._catalog.version_labels(ref, g.deadline)
        ready = ready_model(name, described, states, version_labels)
        return render(DescribedModel(**vars(ready), card=described.card))

    @Route(
        tuple(f"{path}:classify" for path in MODEL_PATHS),
        method="POST",
        group="Classify",
        responses={200: Described("The probabilities.", examples.classification)},
        errors=(NotFoundError, UploadError, ServiceError),
        query=("top",),
        headers=("client",),
        takes_photos=True,
        curl=(
            f"curl --data-binary @photo.jpg {URL}PATH",
            f'curl -F photo=@photo.jpg -F photo=@other.jpg "{URL}PATH?top=3"',
            """printf '{"images": [{"b64": "%s"}]}' "$(base64 < photo.jpg | tr -d '\\n')" |"""
            f" curl --data-binary @- -H 'Content-Type: application/json' {URL}PATH",
        ),
    )
    def classify(self, name: str, version: str | None = None, label: str | None = None) -> Response:
        """Classify photos.

        If any photo is bad, none is classified and the error names every bad one.
        """
        ref = self._catalog.ref(name, version, label)
        return classification_response(
            self._ask(partial(self._classifier.classify, top=top(request)), ref)
        )

    @Route(
        tuple(f"{path}:explain" for path in MODEL_PATHS),
        method="POST",
        group="Classify",
        responses={
            200: Described("Probabilities and heat maps.", examples.explanation, media_types=(PNG,))
        },
        errors=(NotFoundError, UploadError, ServiceError, NotExplainable),
        query=("top", "format"),
        headers=("client",),
        takes_photos=True,
        curl=(
            f"curl --data-binary @photo.jpg {URL}PATH",
            f'curl --data-binary @photo.jpg -o why.png "{URL}PATH?format=png"',
        ),
    )
    def explain(self, name: str, version: str | None = None, label: str | None = None) -> Response:
        """Classify photos and explain why.

        Where in each photo the evidence for its class is: a grid of numbers or, for one photo, an
        image. The version that classifies also explains.
        """
        ref = self._catalog.ref(name, version, label)
        explain = partial(self._classifier.explain, top=top(request))
        if media_type(request) == PNG:
            return heat_map_response(self._ask(explain, ref, only_one="A heat map as PNG"))
        return explanation_response(self._ask(explain, ref))

    @Route(
        tuple(f"{path}:prepare" for path in MODEL_PATHS),
        method="POST",
        group="Classify",
        responses={200: Described("The pixels, as an image.", media_types=(PNG,))},
        errors=(NotFoundError, UploadError, ServiceError),
        headers=("client",),
        takes_photos=True,
        curl=(f"curl --data-binary @photo.jpg -o seen.png {URL}PATH",),
    )
    def prepare(self, name: str, version: str | None = None, label: str | None = None) -> Response:
        """Show a photo as the model sees it.

        What the preparation makes of one photo: an image of the model's size, gray or RGB.
        """
        ref = self._catalog.ref(name, version, label)
        return prepared_response(self._ask(self._classifier.prepare, ref, only_one="An image"))

    def _ask(
        self, ask: Callable[..., Result], ref: ModelRef, only_one: str | None = None
    ) -> Result:
        """Read the photos of the request and ask a model about them.

        Args:
            ask: a method of the classifier.
            ref: which model.
            only_one: what shows one photo and no more.
        """
        observation: Observation = g.observation
        with observation.stage("upload", observation.ended - observation.began):
            body = self._uploads.read(request)
        with observation.stage("queue", time.monotonic() - observation.ended):
            pass  # The request has waited for its turn.
        photos = self._uploads.photos(request, body)
        observation.photos = len(photos)
        if only_one and len(photos) > 1:
            raise MalformedRequest(
                f"{only_one} shows one photo, and the request has {len(photos)}. Send one."
            )
        return self._ask_candidates(ask, ref, photos)

    def _ask_candidates(
        self, ask: Callable[..., Result], ref: ModelRef, photos: list[Photo]
    ) -> Result:
        client = request.headers.get(self._settings.canary_header)
        *labelled, last = self._canary.candidates(ref, client)
        for candidate in labelled:
            try:
                return ask(candidate, photos, deadline=g.deadline, observation=g.observation)
            except UnknownVersion:
                self._canary.missing(candidate)
        return ask(last, photos, deadline=g.deadline, observation=g.observation)

    def _overview(self, name: str) -> ReadyModel | UnavailableModel:
        ref = ModelRef(name)
        try:
            described, states = self._catalog.find(ref, g.deadline)
            version_labels = self._catalog.version_labels(ref, g.deadline)
        except PhotolabelError as error:
            return UnavailableModel(name=name, state="unavailable", detail=error.detail)
        return ready_model(name, described, states, version_labels)
