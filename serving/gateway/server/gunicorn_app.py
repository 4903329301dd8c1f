"""The gateway under gunicorn; what happens on SIGTERM is in `draining`."""

import sys
import threading
from contextlib import ExitStack
from typing import Any

from flask import Flask
from gunicorn.app.base import BaseApplication

from serving.gateway.api.api_keys import KEYED, ApiKeys
from serving.gateway.app import create_app
from serving.gateway.model_client.client import ModelServer
from serving.gateway.model_client.server_certificate import certificate_watch
from serving.gateway.model_names import ModelNames
from serving.gateway.server.app_call import flask_path
from serving.gateway.server.connection_counts import ConnectionCounts
from serving.gateway.server.draining import Draining, DrainingArbiter
from serving.gateway.server.incoming_request import RequestLimits
from serving.gateway.server.upload import TimeLimits
from serving.gateway.server.upload_memory import UploadMemory
from serving.gateway.settings import Settings
from serving.gateway.telemetry.logs import GunicornLogger
from serving.gateway.telemetry.metrics import Metrics
from serving.gateway.telemetry.worker_metrics import SHARED_MEMORY, WorkerMetrics
from serving.http_errors import Unauthorized
from serving.tls.certificates import Pem

SPARE_THREADS = 8

# For a worker to close what it has opened: enough to export the last spans, unless the collector
# does not answer.
CLOSE_SECONDS = 2

_GENERATIONS = 4  # For a while, workers that are stopping exist beside the new ones.


class Gateway(BaseApplication):  # type: ignore[misc]  # gunicorn has no types.
    """A gunicorn application whose workers each make an app and a gRPC channel after the fork.

    Args:
        settings: of the gateway.
        pem: the certificates for TLS with the model server, as read at the start, for workers that
            start when the files are invalid: one that fails makes gunicorn stop all others.

    Raises:
        OSError, ValueError: the model config file can't be read or is invalid.
    """

    def __init__(self, settings: Settings, pem: Pem | None = None) -> None:
        self._names = ModelNames(settings.models, settings.model_config_file)
        self.settings = settings
        self.connection_counts = ConnectionCounts(_GENERATIONS * settings.workers)
        self.metrics = WorkerMetrics(settings.metrics_bind, self._names.read)
        self._draining = Draining()
        self._pem = pem
        self._closing = ExitStack()
        self._api_keys: ApiKeys | None = None
        self._request_metrics: Metrics | None = None
        super().__init__()

    def load_config(self) -> None:
        """Set gunicorn's settings from the gateway's."""
        settings = self.settings
        options: dict[str, Any] = {
            "bind": settings.bind,
            "workers": settings.workers,
            "worker_class": "serving.gateway.server.worker.Worker",
            # While all of those are busy, others read what arrives, and answer probes.
            "threads": settings.max_in_flight + SPARE_THREADS,
            "worker_connections": settings.max_connections,
            "graceful_timeout": settings.drain_seconds + CLOSE_SECONDS,
            "keepalive": 75,
            # Nothing here depends on what a proxy says about the client.
            "forwarded_allow_ips": "",
            "forwarder_headers": "",
            "proc_name": "photolabel",
            "loglevel": settings.log_level.lower(),
            "control_socket_disable": True,
            # Workers show that they live by touching a file: in memory, so that no disk delays it.
            "worker_tmp_dir": str(SHARED_MEMORY) if SHARED_MEMORY.is_dir() else None,
            "logger_class": GunicornLogger,
            "pre_fork": self._pre_fork,
            "post_fork": self.metrics.post_fork,
            "child_exit": self._child_exit,
        }
        for name, value in options.items():
            self.cfg.set(name, value)

    def run(self) -> None:
        """Run the master process until it is stopped."""
        try:
            self.metrics.open()
        except OSError as error:
            bind = self.settings.metrics_bind or "the main port"
            sys.exit(f"photolabel: metrics can't be shown on {bind}: {error.strerror or error}")
        try:
            DrainingArbiter(self, self._draining, self.settings.drain_delay).run()
        except RuntimeError as error:
            sys.exit(f"photolabel: {error}")
        finally:
            self.metrics.close()

    def load(self) -> Flask:
        """Return the app of one worker."""
        settings = self.settings
        if settings.api_keys_file:
            self._api_keys = ApiKeys(settings.api_keys_file)
        tls = settings.tls_files()
        model_server = ModelServer(settings.model_server, tls, self._pem)
        self._closing.callback(model_server.close)
        self._request_metrics = Metrics()
        if tls:
            watch = certificate_watch(settings.model_server, tls, self._request_metrics.models)
            watch.start()
            self._closing.callback(watch.close)
        return create_app(
            settings,
            model_server,
            self._draining.begun,
            self._closing,
            self._request_metrics,
            self._names,
        )

    def report_waiting(self, requests: int) -> None:
        """Show in the metrics how many requests of a worker wait for their turn."""
        if self._request_metrics:
            self._request_metrics.waiting.set(requests)

    def draining(self) -> bool:
        """Return whether the gateway is about to stop."""
        return self._draining.begun()

    def close(self) -> None:
        """Close what a worker's app has opened, after its last request; give up in time."""
        closer = threading.Thread(target=self._closing.close, name="close", daemon=True)
        closer.start()
        closer.join(CLOSE_SECONDS)

    def request_limits(self) -> RequestLimits:
        """Return the limits of every request of one worker."""
        settings = self.settings
        return RequestLimits(
            self.cfg,
            TimeLimits(settings.time_budget, settings.upload_seconds, settings.min_upload_rate),
            settings.max_body_bytes,
            UploadMemory(settings.max_upload_bytes),
            self._wants_body,
        )

    def _wants_body(self, head: Any) -> bool:
        """Return whether a request's body is worth waiting for: its path and key are accepted."""
        if not flask_path(head.path).startswith(KEYED):
            return False
        try:
            if self._api_keys:
                self._api_keys.check(dict(head.headers).get("AUTHORIZATION"))
        except Unauthorized:
            return False
        return True

    def _pre_fork(self, arbiter: Any, worker: Any) -> None:
        self._names.read()  # The worker begins with these, even if the file is damaged later.
        self.metrics.pre_fork(arbiter, worker)

    def _child_exit(self, arbiter: Any, worker: Any) -> None:
        self.connection_counts.remove(self.metrics.child_exit(arbiter, worker))
