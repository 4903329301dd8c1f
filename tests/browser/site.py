"""The gateway on a real socket, with a model server in memory."""

import json
import threading
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from werkzeug.serving import BaseWSGIServer, make_server

from serving.deadline import Deadline
from serving.gateway.api.openapi.bodies import TINY_PNG
from serving.gateway.app import create_app
from serving.gateway.model_client.contract import Prediction
from serving.gateway.model_client.model_ref import ModelRef
from serving.gateway.settings import Settings
from tests.e2e.processes import STARTERS
from tests.serving.fakes import CLOTHING, PETS, FakeModelServer

GARMENTS = (
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
)
STOP_SECONDS = 0.02  # between two looks at whether the server should stop


def _open() -> threading.Event:
    event = threading.Event()
    event.set()
    return event


@dataclass
class Models(FakeModelServer):
    """A model server whose answers can be held back, to see the page while it waits."""

    answering: threading.Event = field(default_factory=_open)

    def predict(self, ref: ModelRef, pixels: np.ndarray, deadline: Deadline) -> Prediction:
        self.answering.wait(30)
        return super().predict(ref, pixels, deadline)


def models() -> Models:
    """Return a model server with both starter models' classes; clothing has two versions."""
    card = json.loads((STARTERS / "clothing/1/assets.extra/model_card.json").read_text("utf-8"))
    for each in card["metrics"]["test"]["mistakes"]:
        each["png"] = TINY_PNG
    clothing = replace(CLOTHING, labels=GARMENTS, card=card)
    versions = [clothing, replace(clothing, version=2)]
    return Models({"clothing": versions, "cats-dogs": [PETS]}, recognized=True)


class Site:
    """The gateway at an address that stays the same when it is stopped and started again.

    Args:
        source: the model server.
        prefix: the path under which a proxy shows the gateway, which does not learn of it.
        settings: of the gateway.
    """

    def __init__(self, source: Models, prefix: str = "", **settings: Any) -> None:
        self.models = source
        self._prefix = prefix
        self._app = create_app(Settings(**settings), source)
        self._port = 0
        self._server: BaseWSGIServer | None = None
        self.start()

    @property
    def url(self) -> str:
        """The page's address."""
        return f"http://127.0.0.1:{self._port}{self._prefix}/"

    def start(self) -> None:
        """Listen, on the same port as before."""
        self._server = make_server("127.0.0.1", self._port, self._stripped, threaded=True)
        self._port = self._server.server_port
        self._thread = threading.Thread(target=self._server.serve_forever, args=(STOP_SECONDS,))
        self._thread.start()

    def stop(self) -> None:
        """Stop listening; connections are refused."""
        self.models.answering.set()
        if self._server:
            self._server.shutdown()
            self._thread.join()
            self._server.server_close()
            self._server = None

    def _stripped(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        if not path.startswith(f"{self._prefix}/"):
            start_response("404 Not Found", [("Content-Type", "text/plain")])
            return [b"outside of the prefix"]
        environ["PATH_INFO"] = path.removeprefix(self._prefix)
        return self._app(environ, start_response)
