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
from tests.drawing import encoded_photo
from tests.serving.fakes import FakeModelServer, fake_server, served

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
def small_gateway(source: BusyModelServer) -> Iterator[str]:
    """Serve a gateway with `LIMITS`; yield its URL."""
    with served(source, cors_origins="https://shop.example", **LIMITS) as url:
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
