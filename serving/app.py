"""Wiring of the gateway."""

from flask import Flask

from serving.catalog import Catalog, ModelSource
from serving.classification import Classification
from serving.problems import answer_problems
from serving.routes import Routes, SegmentConverter
from serving.settings import Settings
from serving.telemetry import observe_requests


def create_app(settings: Settings, source: ModelSource) -> Flask:
    """Return the gateway as a WSGI application.

    Args:
        settings: the gateway's settings.
        source: the model server, as a `ModelServer` or anything like it.

    Raises:
        OSError, ValueError: the file of API keys can't be read.
    """
    app = Flask(__name__, static_folder=None)
    app.json.sort_keys = False  # type: ignore[attr-defined]  # Flask's own provider has it.
    app.url_map.converters["segment"] = SegmentConverter
    app.url_map.merge_slashes = False  # Redirects would lead to whatever host the header names.
    observe_requests(app)
    answer_problems(app)
    catalog = Catalog(settings.models, source)
    classification = Classification(catalog, source, settings.photo_limits())
    app.register_blueprint(Routes(settings, catalog, classification).blueprint())
    return app
