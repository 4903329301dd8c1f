"""The API's description, made when it is requested, with examples of the first model as it is."""

import contextlib
import json
import threading
import time
from typing import Any

from flask import current_app

from serving.deadline import Deadline
from serving.gateway.inference.catalog import Catalog
from serving.gateway.model_client.contract import Description
from serving.gateway.model_client.model_ref import ModelRef
from serving.gateway.settings import Settings
from serving.http_errors import PhotolabelError

# The longest that a request waits for the model server, and the time between two questions to it.
WAIT_SECONDS = 1.0
KEPT_SECONDS = 1.0


class ApiDescription:
    """The OpenAPI document of the current app, made again when names or the first model change."""

    def __init__(self, settings: Settings, catalog: Catalog) -> None:
        self._settings = settings
        self._catalog = catalog
        self._lock = threading.Lock()
        self._names: tuple[str, ...] = ()
        self._asked_at: float | None = None
        self._described: Description | None = None
        self._document: dict[str, Any] = {}
        self._text = ""

    def document(self) -> dict[str, Any]:
        """Return the document. Don't change it: it is shared."""
        return self._current()[0]

    def text(self) -> str:
        """Return the document as JSON."""
        return self._current()[1]

    def _current(self) -> tuple[dict[str, Any], str]:
        # One thread asks and the others wait for it, so that a model server that hangs gets one
        # call a second from here, not one from each request.
        with self._lock:
            if self._asked_at is None or time.monotonic() - self._asked_at >= KEPT_SECONDS:
                names = self._catalog.names
                described = self._first_model(names)
                if (names, described) != (self._names, self._described):
                    self._make(names, described)
                self._asked_at = time.monotonic()
            return self._document, self._text

    def _first_model(self, names: tuple[str, ...]) -> Description | None:
        with contextlib.suppress(PhotolabelError):
            return self._catalog.find(ModelRef(names[0]), Deadline(WAIT_SECONDS))[0]
        return None

    def _make(self, names: tuple[str, ...], described: Description | None) -> None:
        # Imported here: most workers are never asked for it, and it takes time and memory.
        from serving.gateway.api.openapi.document import describe

        settings = self._settings.model_copy(update={"models": names})
        self._document = describe(current_app, settings, described)
        self._text = json.dumps(self._document)
        self._names, self._described = names, described
