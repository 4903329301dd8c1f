"""TensorFlow Serving's gRPC services, answered by the versions of a manager."""

import functools
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
from tensorflow_serving.apis import get_model_metadata_pb2 as metadata
from tensorflow_serving.apis import get_model_status_pb2 as model_status
from tensorflow_serving.apis import model_service_pb2_grpc as model_service
from tensorflow_serving.apis import prediction_service_pb2_grpc as prediction_service
from tensorflow_serving.apis.model_management_pb2 import (
    ReloadConfigRequest,
    ReloadConfigResponse,
)
from tensorflow_serving.apis.model_pb2 import ModelSpec
from tensorflow_serving.apis.predict_pb2 import PredictRequest, PredictResponse

from serving.model_server import errors
from serving.model_server.errors import ServingError
from serving.model_server.manager import Manager
from serving.model_server.options import AddressError, format_address
from serving.model_server.prediction import predict
from serving.model_server.queued_call import RemainingTime
from serving.model_server.servable import Servable
from serving.repository.errors import ConfigError
from serving.repository.model_config import settings_of

_SIGNATURE_DEF = "signature_def"
_OPTIONS = [
    # No limit, as in TensorFlow Serving: clients and gateways have theirs.
    ("grpc.max_receive_message_length", -1),
    ("grpc.max_send_message_length", -1),
    # Otherwise two servers on one port would share the calls, and neither would fail to start.
    ("grpc.so_reuseport", 0),
]


def _handler(method: Callable[[Any, Any, RemainingTime], Any]) -> Callable[[Any, Any, Any], Any]:
    """Make a gRPC handler from a method that takes a request and may raise ServingError."""

    @functools.wraps(method)
    def handler(self: Any, request: Any, context: grpc.ServicerContext) -> Any:
        def remaining_time() -> float:
            return float(context.time_remaining()) if context.is_active() else 0.0

        try:
            # A call may have waited too long for a thread.
            if remaining_time() == 0:
                raise errors.deadline_passed()
            has_spec = "model_spec" in request.DESCRIPTOR.fields_by_name
            if has_spec and not request.HasField("model_spec"):
                raise errors.invalid("Missing ModelSpec")
            return method(self, request, remaining_time)
        except ServingError as error:
            context.abort(error.code, errors.truncate(error.message))

    return handler


# The base classes answer all other methods with UNIMPLEMENTED. They have no types.
class Services(
    prediction_service.PredictionServiceServicer,  # type: ignore[misc]
    model_service.ModelServiceServicer,  # type: ignore[misc]
):
    """Predictions, the signatures of models, and the states of their versions."""

    def __init__(self, manager: Manager) -> None:
        self._manager = manager

    @_handler
    def Predict(  # noqa: N802
        self, request: PredictRequest, remaining_time: RemainingTime
    ) -> PredictResponse:
        """Run a signature."""
        return predict(self._servable(request.model_spec), request, remaining_time)

    @_handler
    def GetModelMetadata(  # noqa: N802
        self, request: metadata.GetModelMetadataRequest, _: RemainingTime
    ) -> metadata.GetModelMetadataResponse:
        """Return the signatures of a SavedModel."""
        if not request.metadata_field:
            message = "GetModelMetadataRequest must specify at least one metadata_field"
            raise errors.invalid(message)
        for field in request.metadata_field:
            if field != _SIGNATURE_DEF:
                raise errors.invalid(f"Metadata field {field} is not supported")
        servable = self._servable(request.model_spec)
        response = metadata.GetModelMetadataResponse()
        response.model_spec.name = servable.name
        response.model_spec.version.value = servable.version
        response.metadata[_SIGNATURE_DEF].CopyFrom(servable.signatures)
        return response

    @_handler
    def GetModelStatus(  # noqa: N802
        self, request: model_status.GetModelStatusRequest, _: RemainingTime
    ) -> model_status.GetModelStatusResponse:
        """Return the state of one version or, newest first, of all; a label is ignored."""
        name = request.model_spec.name
        states = self._manager.states(name)
        versions = sorted(states, reverse=True)
        if request.model_spec.HasField("version"):
            versions = [request.model_spec.version.value]
            if versions[0] not in states:
                raise errors.not_found(f"Could not find version {versions[0]} of model {name}")
        elif not versions:
            raise errors.not_found(f"Could not find any versions of model {name}")
        response = model_status.GetModelStatusResponse()
        for version in versions:
            state = states[version]
            status = response.model_version_status.add(version=version, state=state.state)
            status.status.error_code = state.code
            status.status.error_message = state.message
        return response

    @_handler
    def HandleReloadConfigRequest(  # noqa: N802
        self, request: ReloadConfigRequest, _: RemainingTime
    ) -> ReloadConfigResponse:
        """Serve the models of another list, and no others."""
        if request.config.WhichOneof("config") != "model_config_list":
            raise errors.invalid(
                "ServerModelConfig type not supported by HandleReloadConfigRequest."
                " Only ModelConfigList is currently supported"
            )
        try:
            models = settings_of(request.config)
        except ConfigError as error:
            raise errors.invalid(str(error)) from error
        self._manager.reload(models)
        response = ReloadConfigResponse()
        response.status.SetInParent()  # OK
        return response

    def _servable(self, spec: ModelSpec) -> Servable:
        if not spec.name:
            raise errors.invalid("ModelSpec has no name specified.")
        return self._manager.servable(
            spec.name,
            version=spec.version.value if spec.HasField("version") else None,
            label=spec.version_label if spec.HasField("version_label") else None,
        )


class Server:
    """A gRPC server with both services, listening from the start.

    Attributes:
        port: the port that it listens on.
        address: host and port.
    """

    def __init__(
        self,
        manager: Manager,
        host: str,
        port: int,
        max_threads: int,
        credentials: grpc.ServerCredentials | None = None,
    ) -> None:
        """Listen and answer, with TLS if there are credentials.

        At most `max_threads` calls are handled at once; TensorFlow Serving would refuse more, here
        they wait. Port 0 picks a free one.

        Raises:
            AddressError: host and port cannot be listened on.
        """
        self._threads = ThreadPoolExecutor(max_threads, thread_name_prefix="call")
        self._server = grpc.server(self._threads, options=_OPTIONS)
        services = Services(manager)
        prediction_service.add_PredictionServiceServicer_to_server(services, self._server)
        model_service.add_ModelServiceServicer_to_server(services, self._server)
        address = format_address(host, port)
        try:
            if credentials is None:
                self.port: int = self._server.add_insecure_port(address)
            else:
                self.port = self._server.add_secure_port(address, credentials)
        except RuntimeError as error:
            reason = "the port is in use or not allowed, or the host is not this machine"
            raise AddressError(address, reason) from error
        self.address = format_address(host, self.port)
        self._server.start()

    def stop(self, grace_seconds: float) -> None:
        """Refuse new calls; return when those in progress are answered or the time is up."""
        self._server.stop(grace_seconds).wait()
        self._threads.shutdown(wait=False, cancel_futures=True)
