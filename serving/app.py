"""Wiring of the gateway."""

from flask import Flask

from serving.classification import Classification
from serving.explanation import Explanation
from serving.http.cors import allow_origins
from serving.http.pages import Pages
from serving.http.problems import answer_problems
from serving.insight.metrics import Metrics
from serving.insight.telemetry import Telemetry, show_metrics
from serving.models.catalog import Catalog, ModelSource
from serving.models.readiness import Readiness
from serving.routes import Routes, SegmentConverter
from serving.server.draining import Draining
from serving.settings import Settings


def create_app(settings: Settings, source: ModelSource, draining: Draining | None = None) -> Flask:
    """Return the gateway as a WSGI application.

    Args:
        settings: the gateway's settings.
        source: the model server, as a `ModelServer` or anything like it.
        draining: tells whether the gateway is about to stop.

    Raises:
        OSError, ValueError: the file of API keys can't be read.
    """
    app = Flask(__name__, static_folder=None)
    app.url_map.converters["segment"] = SegmentConverter
    app.url_map.merge_slashes = False  # Redirects would lead to whatever host the header names.
    metrics = Metrics()
    Telemetry(settings.models, metrics).observe(app)
    answer_problems(app)
    allow_origins(app, settings.cors_origins, settings.canary_header)
    catalog = Catalog(settings.models, source)
    classification = Classification(catalog, source, settings.photo_limits(), settings.max_decodes)
    explanation = Explanation(classification, source)
    readiness = Readiness(catalog, draining or Draining())
    routes = Routes(settings, catalog, classification, explanation, readiness)
    app.register_blueprint(routes.blueprint())
    app.register_blueprint(Pages(settings).blueprint())
    if settings.metrics_bind is None:
        show_metrics(app, metrics)
    return app
