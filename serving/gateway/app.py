"""Wiring of the gateway."""

from collections.abc import Callable
from contextlib import ExitStack

from flask import Flask

from serving.gateway.api.cors import allow_origins
from serving.gateway.api.error_handlers import handle_errors
from serving.gateway.api.health import Health
from serving.gateway.api.model_pages import ModelPages
from serving.gateway.api.pages import Pages
from serving.gateway.api.request_telemetry import MetricsPage, Telemetry
from serving.gateway.api.routes import Routes
from serving.gateway.api.routing import SegmentConverter, add_routes
from serving.gateway.inference.canary import Canary
from serving.gateway.inference.canary_shares import CanaryShares
from serving.gateway.inference.catalog import Catalog, ModelSource
from serving.gateway.inference.classifier import Classifier
from serving.gateway.inference.readiness import Readiness
from serving.gateway.inference.readiness_watch import watch_readiness
from serving.gateway.model_names import ModelNames
from serving.gateway.settings import Settings
from serving.gateway.telemetry.metrics import Metrics
from serving.gateway.telemetry.tracing import Tracing, exporter_is_set


def create_app(
    settings: Settings,
    source: ModelSource,
    is_draining: Callable[[], bool] = lambda: False,
    closing: ExitStack | None = None,
    metrics: Metrics | None = None,
    names: ModelNames | None = None,
) -> Flask:
    """Return the gateway as a WSGI application.

    Args:
        settings: the gateway's settings.
        source: the model server, a `ModelServer` or a stand-in.
        is_draining: whether the gateway is about to stop.
        closing: close it after the last request; it closes what the app has opened. Without it
            no thread follows the models' names or watches their states, and the metrics lack these.
        metrics: of this process, if others count there too.
        names: of the models, if they have been read before; by default those of the settings.

    Raises:
        OSError, ValueError: a file that the settings name can't be read or is invalid.
    """
    app = _empty_app()
    metrics = metrics or Metrics()
    tracing = _open_tracing()
    names = names or ModelNames(settings.models, settings.model_config_file)
    Telemetry(names.current, metrics, tracing).observe(app)
    handle_errors(app)
    allow_origins(app, settings.cors_origins, settings.canary_header)
    shares = CanaryShares(settings.canary_share, settings.canary_shares_file)
    catalog = Catalog(names.current, source, Canary(shares))
    classifier = Classifier(
        catalog, source, settings.photo_limits(), settings.max_decodes, settings.max_batch
    )
    readiness = Readiness(catalog, is_draining)
    if closing is not None:
        closing.callback(classifier.close)
        threads = [watch_readiness(readiness, metrics.models)]
        if settings.model_config_file:
            threads.append(names.follower(catalog.forget))
        for thread in threads:
            thread.start()
            closing.callback(thread.close)
        closing.callback(tracing.close)  # The last is closed first: spans must not wait for others.
    routes = Routes(settings, catalog, classifier)
    app.before_request(routes.begin)
    model_pages = ModelPages(settings, catalog)
    for handlers in (routes, Health(readiness), Pages(settings, catalog), model_pages):
        add_routes(app, handlers)
    if settings.metrics_bind is None:
        add_routes(app, MetricsPage(metrics, names.current))
    return app


def _empty_app() -> Flask:
    app = Flask(__name__, static_folder=None)
    app.url_map.converters["segment"] = SegmentConverter
    app.url_map.merge_slashes = False  # A redirect would go to the host that the request claims.
    return app


def _open_tracing() -> Tracing:
    if not exporter_is_set():
        return Tracing()
    # OpenTelemetry's SDK costs memory and time.
    from serving.gateway.telemetry.spans import SpanTracing

    return SpanTracing()
