"""Gauges of the models' states, for alerts: without traffic, counts of requests say nothing."""

from functools import cached_property

from prometheus_client import CollectorRegistry, Gauge


class ModelGauges:
    """What this worker last saw of each model; forgotten when the worker dies."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._registry = registry

        def gauge(name: str, meaning: str, mode: str) -> Gauge:
            return Gauge(
                f"photolabel_model_{name}",
                meaning,
                ["model"],
                multiprocess_mode=mode,  # type: ignore[arg-type]  # A literal of the library's.
                registry=registry,
            )

        # Requests reach every worker, so the least of what they see counts.
        self._ready = gauge("ready", "1 if the model can answer, 0 if not.", "livemin")
        # A worker that has just seen a new version is right, and the others soon see it too.
        self._version = gauge(
            "version",
            "The version that unpinned requests get; while none answers, the last that did.",
            "livemostrecent",
        )
        self._starter = gauge(
            "starter", "1 if the starter is the model's only version, 0 if not.", "livemostrecent"
        )

    @cached_property
    def _certificate(self) -> Gauge:
        # Made when it is first set: one that never is would be 0, a time long ago.
        return Gauge(
            "photolabel_model_server_certificate_expiry_seconds",
            "When the certificate of the model server expires, in seconds since 1970.",
            multiprocess_mode="livemin",
            registry=self._registry,
        )

    def ready(self, model: str, version: int, *, starter: bool) -> None:
        """Show that a model can answer, by which version, and whether that is only the starter."""
        self._version.labels(model).set(version)
        self._starter.labels(model).set(starter)
        self._ready.labels(model).set(1)

    def not_ready(self, model: str) -> None:
        """Show that a model can't answer."""
        self._ready.labels(model).set(0)

    def certificate_expires(self, seconds: float) -> None:
        """Show when the model server's certificate expires, in seconds since 1970."""
        self._certificate.set(seconds)
