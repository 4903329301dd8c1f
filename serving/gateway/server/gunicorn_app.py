"""The gateway under gunicorn."""

import sys
from typing import Any
from urllib.parse import unquote

from flask import Flask
from gunicorn.app.base import BaseApplication

from serving.errors import Unauthorized
from serving.gateway.api.api_keys import KEYED, ApiKeys
from serving.gateway.app import create_app
from serving.gateway.model_client.client import ModelServer
from serving.gateway.server.arbiter import DrainingArbiter
from serving.gateway.server.draining import Draining
from serving.gateway.server.shared_state import Balance
from serving.gateway.settings import Settings
from serving.gateway.telemetry.logs import GunicornLogger
from serving.gateway.telemetry.worker_metrics import SHARED_MEMORY, WorkerMetrics
from serving.tls.certificates import Pem

SPARE_THREADS = 8

_GENERATIONS = 4  # Workers that stop are there beside the new ones, for a while.


class Gateway(BaseApplication):  # type: ignore[misc]  # gunicorn has no types.
    """A gunicorn application whose workers each make an app and a gRPC channel after the fork.

    Args:
        settings: of the gateway.
        pem: what the files for TLS with the model server hold at the start. Were they no good when
            a worker is started later, it would not start, and gunicorn would stop all others.
    """

    def __init__(self, settings: Settings, pem: Pem | None = None) -> None:
        self.settings = settings
        self._metrics = WorkerMetrics(settings.metrics_bind)
        self._draining = Draining()
        self.balance = Balance(_GENERATIONS * settings.workers)
        self._pem = pem
        self._api_keys: ApiKeys | None = None
        super().__init__()

    def load_config(self) -> None:
        """Set gunicorn's settings from the gateway's."""
        settings = self.settings
        options: dict[str, Any] = {
            "bind": settings.bind,
            "workers": settings.workers,
            "worker_class": "serving.gateway.server.worker.Worker",
            # Those that may not be let in still want to be told so, and probes to be answered.
            "threads": settings.max_in_flight + SPARE_THREADS,
            "worker_connections": settings.max_connections,
            "graceful_timeout": settings.drain_seconds,
            "keepalive": 75,
            # Nothing here depends on what a proxy says of the caller.
            "forwarded_allow_ips": "",
            "forwarder_headers": "",
            "proc_name": "photolabel",
            "loglevel": settings.log_level.lower(),
            "control_socket_disable": True,
            # Workers tell that they live by touching a file: in memory, so that no disk stalls it.
            "worker_tmp_dir": str(SHARED_MEMORY) if SHARED_MEMORY.is_dir() else None,
            "logger_class": GunicornLogger,
            "pre_fork": self._metrics.pre_fork,
            "post_fork": self._metrics.post_fork,
            "child_exit": self._child_exit,
            "pre_request": self._before_request,
        }
        for name, value in options.items():
            self.cfg.set(name, value)

    def run(self) -> None:
        """Run the arbiter until it is told to stop."""
        try:
            self._metrics.open()
        except OSError as error:
            bind = self.settings.metrics_bind or "the main port"
            sys.exit(f"photolabel: metrics can't be shown on {bind}: {error.strerror or error}")
        try:
            DrainingArbiter(self, self._draining, self.settings.drain_delay).run()
        except RuntimeError as error:
            sys.exit(f"photolabel: {error}")
        finally:
            self._metrics.close()

    def load(self) -> Flask:
        """Return the app of one worker."""
        settings = self.settings
        if settings.api_keys_file:
            self._api_keys = ApiKeys(settings.api_keys_file)
        model_server = ModelServer(settings.model_server, settings.tls_files(), self._pem)
        return create_app(settings, model_server, self._draining.begun)

    def place(self) -> int:
        """Return the place of this worker among all."""
        return self._metrics.place

    def _child_exit(self, arbiter: Any, worker: Any) -> None:
        """Forget what a dead worker had; gunicorn's hook."""
        self.balance.leave(self._metrics.child_exit(arbiter, worker))

    def wants_body(self, path: str, authorization: str | None) -> bool:
        """Whether a request can get anywhere with its body: only then is it waited for."""
        if not f"/{unquote(path).lstrip('/')}".startswith(KEYED):  # As Flask reads it.
            return False
        try:
            if self._api_keys:
                self._api_keys.check(authorization)
        except Unauthorized:
            return False
        return True

    def _before_request(self, worker: Any, request: Any) -> None:
        """End a connection with its next answer in a drain, so that its client finds another."""
        if self._draining.begun():
            request.force_close()
