"""Wiring of the gateway."""

from collections.abc import Callable
from contextlib import ExitStack

from flask import Flask

from serving.gateway.api.cors import allow_origins
from serving.gateway.api.pages import Pages
from serving.gateway.api.problems import answer_problems
from serving.gateway.api.request_telemetry import Telemetry, show_metrics
from serving.gateway.api.routes import Routes, SegmentConverter
from serving.gateway.inference.catalog import Catalog, ModelSource
from serving.gateway.inference.classifier import Classifier
from serving.gateway.inference.explainer import Explainer
from serving.gateway.inference.readiness import Readiness
from serving.gateway.settings import Settings
from serving.gateway.telemetry.metrics import Metrics
from serving.gateway.telemetry.tracing import open_tracing


def create_app(
    settings: Settings,
    source: ModelSource,
    is_draining: Callable[[], bool] = lambda: False,
    closing: ExitStack | None = None,
) -> Flask:
    """Return the gateway as a WSGI application.

    Args:
        settings: the gateway's settings.
        source: the model server, as a `ModelServer` or anything like it.
        is_draining: whether the gateway is about to stop.
        closing: close it after the last request; it closes what the app has opened.

    Raises:
        OSError, ValueError: the file of API keys can't be read.
    """
    app = Flask(__name__, static_folder=None)
    app.url_map.converters["segment"] = SegmentConverter
    app.url_map.merge_slashes = False  # Redirects would lead to whatever host the header names.
    metrics = Metrics()
    tracing = open_tracing()
    Telemetry(settings.models, metrics, tracing).observe(app)
    answer_problems(app)
    allow_origins(app, settings.cors_origins, settings.canary_header)
    catalog = Catalog(settings.models, source)
    classifier = Classifier(catalog, source, settings.photo_limits(), settings.max_decodes)
    if closing is not None:
        closing.callback(classifier.close)
        closing.callback(tracing.close)  # The last is closed first: spans must not wait for others.
    explainer = Explainer(classifier, source)
    readiness = Readiness(catalog, is_draining)
    routes = Routes(settings, catalog, classifier, explainer, readiness)
    app.register_blueprint(routes.blueprint())
    app.register_blueprint(Pages(settings).blueprint())
    if settings.metrics_bind is None:
        show_metrics(app, metrics)
    return app
