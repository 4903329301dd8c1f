"""What model servers say about their versions, over TensorFlow Serving's gRPC API."""

import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import grpc

from serving.protos import (
    GetModelMetadataRequest,
    GetModelStatusRequest,
    ModelServiceStub,
    ModelSpec,
    ModelVersionStatus,
    PredictionServiceStub,
)
from serving.tls.certificates import TlsError, TlsFiles
from training.errors import TrainingError

_CALL_SECONDS = 10.0
_POLL_SECONDS = 0.1
_MISSING = (grpc.StatusCode.NOT_FOUND, grpc.StatusCode.INVALID_ARGUMENT)
_State = ModelVersionStatus.State


@dataclass(frozen=True)
class _Connection:
    address: str
    channel: grpc.Channel


class ModelServers:
    """The model servers that read the same configuration; all of them have to follow it."""

    def __init__(self, connections: Sequence[_Connection], seconds: float) -> None:
        self._connections = connections
        self._seconds = seconds

    def available(self, name: str) -> set[int]:
        """Return the versions of a model that all model servers have loaded.

        Raises:
            TrainingError: one of them does not answer.
        """
        loaded = [
            {version for version, status in states.items() if status.state == _State.AVAILABLE}
            for states in (_states(each, name) for each in self._connections)
        ]
        return set.intersection(*loaded)

    def wait_until_available(self, name: str, version: int) -> None:
        """Wait until all model servers have loaded a version.

        Raises:
            TrainingError: it does not load, or not in time.
        """
        end = time.monotonic() + self._seconds
        for connection in self._connections:
            what = f"load version {version} of {name}"
            old = True
            while True:
                status = _states(connection, name).get(version)
                if status is not None and status.state == _State.AVAILABLE:
                    break
                ended = status is not None and status.state == _State.END
                old = old and ended  # How an earlier load ended is reported until the next begins.
                if status is not None and ended and not old:
                    reason = status.status.error_message or "it was unloaded"
                    raise TrainingError(f"{connection.address} did not {what}: {reason}")
                _check_time(end, connection, what, self._seconds)

    def wait_until_answering(self, name: str, version: int, label: str | None) -> None:
        """Wait until a version answers calls with a label, or those that name no version.

        Raises:
            TrainingError: it does not load, or another one still answers after the time is up.
        """
        self.wait_until_available(name, version)
        end = time.monotonic() + self._seconds
        what = f"answer with version {version} of {name}"
        for connection in self._connections:
            while _answering(connection, name, label) != version:
                _check_time(end, connection, what, self._seconds)


@contextmanager
def connected(
    addresses: Sequence[str], tls: TlsFiles | None, seconds: float
) -> Iterator[ModelServers]:
    """Connect to model servers.

    Args:
        addresses: host:port of their gRPC APIs.
        tls: certificates; None: plaintext.
        seconds: how long to wait for them to follow a change.

    Raises:
        TrainingError: a file for TLS is invalid.
    """
    with ExitStack() as cleanup:
        channels = [cleanup.enter_context(_channel(each, tls)) for each in addresses]
        connections = [_Connection(*each) for each in zip(addresses, channels, strict=True)]
        yield ModelServers(connections, seconds)


def _channel(address: str, tls: TlsFiles | None) -> grpc.Channel:
    options: list[tuple[str, int | str]] = [("grpc.enable_http_proxy", 0)]
    if tls is None:
        return grpc.insecure_channel(address, options)
    try:
        pem = tls.read()
    except TlsError as error:
        raise TrainingError(str(error)) from error
    if tls.server_name:
        options.append(("grpc.ssl_target_name_override", tls.server_name))
    credentials = grpc.ssl_channel_credentials(pem.ca, pem.key, pem.cert)
    return grpc.secure_channel(address, credentials, options)


def _states(connection: _Connection, name: str) -> dict[int, ModelVersionStatus]:
    request = GetModelStatusRequest(model_spec=ModelSpec(name=name))
    try:
        response = ModelServiceStub(connection.channel).GetModelStatus(
            request, timeout=_CALL_SECONDS
        )
    except grpc.RpcError as error:
        if error.code() is grpc.StatusCode.NOT_FOUND:
            return {}
        raise _no_answer(connection, error) from error
    return {status.version: status for status in response.model_version_status}


def _answering(connection: _Connection, name: str, label: str | None) -> int | None:
    """Return the version that answers; None if none does."""
    spec = ModelSpec(name=name, version_label=label) if label else ModelSpec(name=name)
    request = GetModelMetadataRequest(model_spec=spec, metadata_field=["signature_def"])
    try:
        response = PredictionServiceStub(connection.channel).GetModelMetadata(
            request, timeout=_CALL_SECONDS
        )
    except grpc.RpcError as error:
        if error.code() in _MISSING:
            return None
        raise _no_answer(connection, error) from error
    return int(response.model_spec.version.value)


def _no_answer(connection: _Connection, error: grpc.RpcError) -> TrainingError:
    details = " ".join((error.details() or "").split())
    return TrainingError(
        f"the model server {connection.address} does not answer ({error.code().name}: {details})"
    )


def _check_time(end: float, connection: _Connection, what: str, seconds: float) -> None:
    if time.monotonic() > end:
        raise TrainingError(
            f"{connection.address} did not {what} within {seconds:g} s: it has to read the same"
            " file again, see its --model_config_file_poll_wait_seconds"
        )
    time.sleep(_POLL_SECONDS)
