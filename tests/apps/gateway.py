"""A gateway on a socket for generated clients, with the model server and the limits of a test."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
import numpy as np

from serving.deadline import Deadline
from serving.gateway.model_client.contract import Prediction
from serving.gateway.model_client.model_ref import ModelRef
from tests.docs.commands import blocks
from tests.drawing import encoded_photo
from tests.serving.fakes import FakeModelServer, fake_server, served

DOCUMENTED_URL = "http://127.0.0.1:8080"

# What both examples in Python print, for photo.jpg and other.jpg.
PRINTED = [
    "photo.jpg: shirt, 50%",
    "other.jpg: shirt, 50%",
    "404: There is no model 'gloves'; served are clothing, cats-dogs.",
]

# Small limits, so that small requests exceed them.
LIMITS: dict[str, Any] = {"max_photos": 3, "max_body_bytes": 100_000, "max_in_flight": 1}


@dataclass
class BusyModelServer(FakeModelServer):
    """A model server whose predictions wait while `go` is not set."""

    go: threading.Event = field(default_factory=threading.Event)
    asked: threading.Event = field(default_factory=threading.Event)

    def predict(self, ref: ModelRef, pixels: np.ndarray, deadline: Deadline) -> Prediction:
        self.asked.set()
        assert self.go.wait(30)
        return super().predict(ref, pixels, deadline)


def model_server() -> BusyModelServer:
    """Return a model server with both models, whose predictions don't wait."""
    usual = fake_server()
    source = BusyModelServer(usual.models, {"stable": 1}, recognized=True)
    source.go.set()
    return source


@contextmanager
def small_gateway(source: BusyModelServer, **more: Any) -> Iterator[str]:
    """Serve a gateway with `LIMITS` and more settings; yield its URL."""
    with served(source, **LIMITS, **more) as url:
        yield url


@contextmanager
def busy(source: BusyModelServer, url: str) -> Iterator[None]:
    """Keep the gateway busy with as many requests as it takes at once."""
    source.asked.clear()
    source.go.clear()
    path = f"{url}/v1/models/clothing:classify"
    request = threading.Thread(target=httpx.post, args=(path,), kwargs={"content": encoded_photo()})
    request.start()
    try:
        assert source.asked.wait(30)
        yield
    finally:
        source.go.set()
        request.join()


def example(form: str, part: str, url: str) -> str:
    """Return the block of docs/apps.md that contains a text, with the URL of a gateway."""
    here = [block for block in blocks() if block.location.startswith("docs/apps.md")]
    [text] = [block.text for block in here if block.form == form and part in block.text]
    return text.replace(DOCUMENTED_URL, url)
