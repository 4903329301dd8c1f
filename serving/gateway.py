"""The gateway under gunicorn."""

from pathlib import Path
from typing import Any

from flask import Flask
from gunicorn.app.base import BaseApplication

from serving.app import create_app
from serving.model_server import ModelServer
from serving.settings import Settings

# Workers tell the arbiter that they live by touching a file: in memory, so that no disk stalls it.
_SHARED_MEMORY = Path("/dev/shm")  # noqa: S108


class Gateway(BaseApplication):  # type: ignore[misc]  # gunicorn has no types.
    """A gunicorn application whose workers each make an app and a gRPC channel after the fork."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        super().__init__()

    def load_config(self) -> None:
        """Set gunicorn's settings from the gateway's."""
        settings = self._settings
        options: dict[str, Any] = {
            "bind": settings.bind,
            "workers": settings.workers,
            "worker_class": "gthread",
            "threads": settings.threads,
            "worker_connections": max(1000, 4 * settings.threads),
            "graceful_timeout": settings.drain_seconds,
            "keepalive": 75,
            "proc_name": "photolabel",
            "loglevel": settings.log_level.lower(),
            "control_socket_disable": True,
            "worker_tmp_dir": str(_SHARED_MEMORY) if _SHARED_MEMORY.is_dir() else None,
        }
        for name, value in options.items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        """Return the app of one worker."""
        return create_app(self._settings, ModelServer(self._settings.model_server))
