"""A stand-in for TensorFlow Serving that follows a model config file, without loading anything."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import grpc
from tensorflow_serving.apis import model_service_pb2_grpc, prediction_service_pb2_grpc
from tensorflow_serving.apis.get_model_metadata_pb2 import (
    GetModelMetadataRequest,
    GetModelMetadataResponse,
)
from tensorflow_serving.apis.get_model_status_pb2 import (
    GetModelStatusRequest,
    GetModelStatusResponse,
    ModelVersionStatus,
)
from tensorflow_serving.apis.model_management_pb2 import ReloadConfigRequest, ReloadConfigResponse

from serving.repository.model_config import ModelSettings, parse_config
from serving.repository.version_policy import aspired_versions

State = ModelVersionStatus.State


class TensorFlowServing(
    model_service_pb2_grpc.ModelServiceServicer,  # type: ignore[misc]
    prediction_service_pb2_grpc.PredictionServiceServicer,  # type: ignore[misc]
):
    """One model of a config file, which is read again at each call.

    As TensorFlow Serving does, it rejects a file in which a label moves to a version that is not
    loaded, and unloads the last version if none that the policy selects exists.

    Attributes:
        broken: versions that do not load.
        labels: versions by label.
        rejected: how often a file was rejected.
        served: what the gateway would have got for requests without version and label.
        delay: how many calls a version takes to load.
    """

    def __init__(self, read: Callable[[], str], name: str, published: list[int]) -> None:
        self.broken: set[int] = set()
        self.rejected = 0
        self.served: list[int | None] = []
        self.delay = 2
        self._read = read
        self._name = name
        self._published = published
        self.labels: dict[str, int] = {}
        self._waiting: dict[int, int] = {}
        self._states: dict[int, int] = {}
        self._first = True
        for _ in range(3):
            self.poll()
        self.served.clear()

    def HandleReloadConfigRequest(  # noqa: N802
        self, request: ReloadConfigRequest, context: grpc.ServicerContext
    ) -> ReloadConfigResponse:
        text, rejected, read = str(request.config), self.rejected, self._read
        self._read = lambda: text
        self.poll()
        if self.rejected > rejected:
            self._read = read
            context.abort(grpc.StatusCode.FAILED_PRECONDITION, "not currently available")
        return ReloadConfigResponse()

    @property
    def loaded(self) -> set[int]:
        """The versions that are loaded."""
        return {number for number, state in self._states.items() if state == State.AVAILABLE}

    def poll(self) -> None:
        """Read the file, and load and unload."""
        model = next(m for m in parse_config(self._read(), "it") if m.name == self._name)
        moved = {k: v for k, v in model.labels.items() if self.labels.get(k) != v}
        if not self._first and any(version not in self.loaded for version in moved.values()):
            self.rejected += 1
        else:
            self.labels = dict(model.labels)
            self._follow(model)
        self._first = False
        self.served.append(self._answering("stable" if "stable" in self.labels else None))

    def _follow(self, model: ModelSettings) -> None:
        aspired = aspired_versions(model.policy, self._published)
        for version in aspired - self.loaded:
            self._waiting[version] = self._waiting.get(version, self.delay) - 1
            if self._waiting[version] > 0:
                self._states[version] = State.LOADING
            else:
                broken = version in self.broken
                self._states[version] = State.END if broken else State.AVAILABLE
        if not aspired or aspired & self.loaded:
            for version in self.loaded - aspired:
                self._states[version] = State.END
                self._waiting.pop(version, None)

    def _answering(self, label: str | None) -> int | None:
        if label:
            version = self.labels.get(label)
            return version if version in self.loaded else None
        return max(self.loaded, default=None)

    def GetModelStatus(  # noqa: N802
        self, request: GetModelStatusRequest, context: grpc.ServicerContext
    ) -> GetModelStatusResponse:
        self.poll()
        response = GetModelStatusResponse()
        for version, state in self._states.items():
            status = response.model_version_status.add(version=version, state=state)
            if version in self.broken:
                status.status.error_message = "out of memory"
        return response

    def GetModelMetadata(  # noqa: N802
        self, request: GetModelMetadataRequest, context: grpc.ServicerContext
    ) -> GetModelMetadataResponse:
        self.poll()
        version = self._answering(request.model_spec.version_label or None)
        if version is None:
            context.abort(grpc.StatusCode.NOT_FOUND, "Servable not found for request")
        response = GetModelMetadataResponse()
        response.model_spec.version.value = version
        return response


@contextmanager
def listening(
    server: TensorFlowServing, credentials: grpc.ServerCredentials | None = None
) -> Iterator[str]:
    """Let it answer calls, with TLS if there are credentials, and yield its address."""
    listener = grpc.server(ThreadPoolExecutor(1))  # One call after the other.
    model_service_pb2_grpc.add_ModelServiceServicer_to_server(server, listener)
    prediction_service_pb2_grpc.add_PredictionServiceServicer_to_server(server, listener)
    if credentials:
        port = listener.add_secure_port("127.0.0.1:0", credentials)
    else:
        port = listener.add_insecure_port("127.0.0.1:0")
    listener.start()
    try:
        yield f"127.0.0.1:{port}"
    finally:
        listener.stop(None).wait()


@contextmanager
def following(
    config: Path, name: str, published: list[int]
) -> Iterator[tuple["TensorFlowServing", str]]:
    """Run one for a file; yield it and its address."""
    server = TensorFlowServing(config.read_text, name, published)
    with listening(server) as address:
        yield server, address
