"""The gateway's metrics (docs/operations.md), for Prometheus."""

import functools
import os
from collections.abc import Callable, Collection, Iterator
from typing import Any

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    Metric,
    make_wsgi_app,
)
from prometheus_client.multiprocess import MultiProcessCollector

from serving.gateway.telemetry.model_gauges import ModelGauges
from serving.gateway.telemetry.observation import Observation
from serving.repository.confidence_bins import CONFIDENCES

FOLDER_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"  # The library's own.

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
STAGE_SECONDS = (*SECONDS, 30)  # An upload may take longer than a response.

UNKNOWN = "unknown"
"""The label of a model that is not served, and of a path that does not exist."""

WsgiApp = Callable[..., Any]


class Metrics:
    """What one process counts and times."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._requests = self._counter(
            "requests", "Requests answered.", "route model version status"
        )
        meaning = "From a request's last byte to its response."
        self._request_seconds = self._histogram(
            "request_seconds", meaning, SECONDS, "route model version"
        )
        meaning = "The stages of classifying."
        self._stage_seconds = self._histogram(
            "stage_seconds", meaning, STAGE_SECONDS, "model stage"
        )
        self._photos = self._counter("photos", "Photos classified.", "model version")
        meaning = "Probability of the predicted class."
        self._confidence = self._histogram(
            "confidence", meaning, CONFIDENCES, "model version predicted"
        )
        self.in_flight = Gauge(
            "photolabel_requests_in_flight",
            "Requests being answered now.",
            multiprocess_mode="livesum",
            registry=self.registry,
        )

        self.waiting = Gauge(
            "photolabel_requests_waiting",
            "Requests that have arrived and wait for their turn.",
            multiprocess_mode="livesum",
            registry=self.registry,
        )
        self.models = ModelGauges(self.registry)

    # Children are cached by their labels: the library's own look-up costs more than counting.

    def _counter(self, name: str, meaning: str, labels: str) -> Callable[..., Counter]:
        counter = Counter(f"photolabel_{name}", meaning, labels.split(), registry=self.registry)
        return functools.cache(counter.labels)

    def _histogram(
        self, name: str, meaning: str, bounds: tuple[float, ...], labels: str
    ) -> Callable[..., Histogram]:
        histogram = Histogram(
            f"photolabel_{name}", meaning, labels.split(), buckets=bounds, registry=self.registry
        )
        return functools.cache(histogram.labels)

    def record(
        self, observation: Observation, route: str, model: str, status: int, seconds: float
    ) -> None:
        """Count one request that has been answered.

        `route` is which handler answered, never the path itself; `model` is its name if it is
        served, `unknown` if not, empty if none was asked for.
        """
        version = "" if observation.version is None else str(observation.version)
        self._requests(route, model, version, status).inc()
        self._request_seconds(route, model, version).observe(seconds)
        for stage, taken in observation.seconds.items():
            self._stage_seconds(model, stage).observe(taken)
        if observation.best:
            self._photos(model, version).inc(len(observation.best))
        for predicted, probability in observation.best:
            self._confidence(model, version, predicted).observe(probability)

    def page(self, models: Callable[[], Collection[str]]) -> WsgiApp:
        """Return a WSGI application that shows the metrics: of all workers, if there are any.

        Args:
            models: returns the names of the models served now.
        """
        if FOLDER_VARIABLE in os.environ:
            return make_wsgi_app(worker_registry(models))
        return make_wsgi_app(_of_served_models(self.registry, models))


def worker_registry(models: Callable[[], Collection[str]]) -> CollectorRegistry:
    """Return the metrics of all workers together, for models served now."""
    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]  # It has no types.
    return _of_served_models(registry, models)


class _ServedModels:
    """Metrics without those of models that are no longer served.

    Their numbers stay where they are: a model that comes back continues them.
    """

    def __init__(self, metrics: CollectorRegistry, models: Callable[[], Collection[str]]) -> None:
        self._metrics = metrics
        self._models = models

    def collect(self) -> Iterator[Metric]:
        shown = {*self._models(), UNKNOWN, ""}
        for metric in self._metrics.collect():
            metric.samples = [
                each for each in metric.samples if each.labels.get("model", "") in shown
            ]
            yield metric


def _of_served_models(
    metrics: CollectorRegistry, models: Callable[[], Collection[str]]
) -> CollectorRegistry:
    registry = CollectorRegistry()
    registry.register(_ServedModels(metrics, models))
    return registry
