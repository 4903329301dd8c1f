"""A model server in memory, and the gateway in front of it."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from flask.testing import FlaskClient
from werkzeug.serving import make_server
from werkzeug.test import TestResponse

from serving.deadline import Deadline
from serving.gateway.app import create_app
from serving.gateway.model_client.contract import Description, Prediction
from serving.gateway.model_client.grpc_errors import RequestRefused, unknown_version
from serving.gateway.model_client.model_ref import ModelRef, VersionState
from serving.gateway.settings import Settings
from serving.http_errors import ModelServerUnavailable, PhotolabelError

CLOTHING = Description(
    version=1,
    shape=(28, 28, 1),
    labels=("shirt", "bag", "boot"),
    preparation="garment/1",
    card={"recipe": "drawn"},
    explains=True,
    reports=True,
)
PETS = Description(2, (150, 150, 3), ("cat", "dog"), "squash/1", {"recipe": "drawn"})

REPORT = "<!doctype html><title>clothing: cnn — 93%</title>".encode()


@dataclass
class FakeModelServer:
    """Answers as a model server does, and records every call."""

    models: dict[str, list[Description]]
    labels: dict[str, int] = field(default_factory=dict)
    failure: PhotolabelError | None = None
    recognized: bool | None = None
    classes: int | None = None
    nan: bool = False
    gone: bool = False
    deadlines: list[Deadline] = field(default_factory=list)
    resolved: list[ModelRef] = field(default_factory=list)
    described: list[ModelRef] = field(default_factory=list)
    predicted: list[tuple[ModelRef, np.ndarray]] = field(default_factory=list)
    explained: list[tuple[ModelRef, np.ndarray]] = field(default_factory=list)
    reported: list[ModelRef] = field(default_factory=list)

    def check(self) -> None:
        if self.gone:
            raise ModelServerUnavailable("It has not answered for a while.")

    def states(self, name: str, deadline: Deadline) -> list[VersionState]:
        self._fail()
        if not self.models.get(name):
            raise unknown_version(ModelRef(name))
        return [VersionState(each.version, "AVAILABLE", "") for each in reversed(self.models[name])]

    def resolve(self, ref: ModelRef, deadline: Deadline) -> int:
        self._fail()
        self.resolved.append(ref)
        return self._find(ref).version

    def describe(self, ref: ModelRef, deadline: Deadline) -> Description:
        self._fail()
        self.described.append(ref)
        return self._find(ref)

    def predict(self, ref: ModelRef, pixels: np.ndarray, deadline: Deadline) -> Prediction:
        self._fail()
        deadline.remaining()
        self.predicted.append((ref, pixels))
        self.deadlines.append(deadline)
        description = self._find(ref)
        if pixels.shape[1:] != description.shape:
            raise RequestRefused("wrong shape")
        classes = self.classes or len(description.labels)
        rows = np.arange(classes, 0, -1).astype(np.float32)
        probabilities = np.tile(rows / rows.sum(), (len(pixels), 1))
        if self.nan:
            probabilities[0, 0] = np.nan
        recognized = None if self.recognized is None else np.full(len(pixels), self.recognized)
        return Prediction(description.version, probabilities, recognized)

    def explain(self, ref: ModelRef, pixels: np.ndarray, deadline: Deadline) -> np.ndarray:
        self._fail()
        deadline.remaining()
        self.explained.append((ref, pixels))
        self._find(ref)
        return np.stack([np.linspace(0, 1, 12, dtype=np.float32).reshape(3, 4)] * len(pixels))

    def report(self, ref: ModelRef, shape: tuple[int, int, int], deadline: Deadline) -> bytes:
        self._fail()
        self.reported.append(ref)
        self._find(ref)
        return REPORT

    def publish(self, name: str, **changes: Any) -> None:
        """Let a new version take over, which differs from the last one by `changes`."""
        last = self.models[name][-1]
        self.models[name].append(replace(last, version=last.version + 1, **changes))

    def _find(self, ref: ModelRef) -> Description:
        wanted = self.labels.get(ref.label, -1) if ref.label else ref.version
        for description in reversed(self.models.get(ref.name, [])):
            if wanted in (None, description.version):
                return description
        raise unknown_version(ref)

    def _fail(self) -> None:
        if self.failure:
            raise self.failure


def fake_server() -> FakeModelServer:
    """Return a server with a model of each kind."""
    return FakeModelServer({"clothing": [CLOTHING], "cats-dogs": [PETS]}, {"old": 1})


def gateway(source: FakeModelServer, **settings: Any) -> FlaskClient:
    """Return a client of a gateway in this process."""
    app = create_app(Settings(**settings), source)
    return app.test_client()


@contextmanager
def served(source: FakeModelServer, **settings: Any) -> Iterator[str]:
    """Serve a gateway of this process over HTTP; yield its URL."""
    server = make_server("127.0.0.1", 0, create_app(Settings(**settings), source), threaded=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def check_problem(response: TestResponse, status: int, slug: str) -> dict[str, Any]:
    """Check an answer's form and return the problem."""
    assert response.status_code == status, response.text
    assert response.mimetype == "application/problem+json"
    problem = json.loads(response.text)
    assert problem["type"] == f"urn:photolabel:error:{slug}"
    assert problem["status"] == status
    assert problem["title"]
    assert problem["detail"]
    assert problem["request_id"] == response.headers["X-Request-ID"]
    assert "Traceback" not in response.text
    return dict(problem)
