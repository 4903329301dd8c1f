"""What model servers say about their versions, over TensorFlow Serving's gRPC API."""

import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

import grpc

from serving.protos import (
    GetModelMetadataRequest,
    GetModelStatusRequest,
    ModelServiceStub,
    ModelSpec,
    ModelVersionStatus,
    PredictionServiceStub,
    ReloadConfigRequest,
)
from serving.repository.model_config import ModelSettings, config_of
from serving.tls.certificates import TlsError, TlsFiles
from training.errors import TrainingError

_CALL_SECONDS = 10.0
_POLL_SECONDS = 0.1
_MISSING = (grpc.StatusCode.NOT_FOUND, grpc.StatusCode.INVALID_ARGUMENT)
_State = ModelVersionStatus.State


class ModelServer:
    """A model server that reads a configuration which is changed, and has to follow it.

    All methods raise TrainingError if it does not answer.
    """

    def __init__(self, address: str, channel: grpc.Channel, seconds: float) -> None:
        self._address = address
        self._models = ModelServiceStub(channel)
        self._predictions = PredictionServiceStub(channel)
        self._seconds = seconds
        self._ended: set[int] | None = None  # Versions before the last reload, if there was one.

    def states(self, name: str) -> dict[int, ModelVersionStatus]:
        """Return the state of each version of a model that it knows."""
        request = GetModelStatusRequest(model_spec=ModelSpec(name=name))
        try:
            response = self._models.GetModelStatus(request, timeout=_CALL_SECONDS)
        except grpc.RpcError as error:
            if error.code() is grpc.StatusCode.NOT_FOUND:
                return {}
            raise self._no_answer(error) from error
        return {status.version: status for status in response.model_version_status}

    def available(self, name: str) -> set[int]:
        """Return the versions of a model that it has loaded."""
        found = self.states(name).items()
        return {version for version, status in found if status.state == _State.AVAILABLE}

    def wait_until_available(self, name: str, version: int) -> None:
        """Wait until it has loaded a version.

        Raises:
            TrainingError: the version does not load, or not in time.
        """
        end = time.monotonic() + self._seconds
        what = f"load version {version} of {name}"
        # How an earlier load ended is reported until the next begins.
        old = self._ended is None or version in self._ended
        while True:
            status = self.states(name).get(version)
            if status is not None and status.state == _State.AVAILABLE:
                return
            ended = status is not None and status.state == _State.END
            old = old and ended
            if status is not None and ended and not old:
                reason = status.status.error_message or "it was unloaded"
                raise TrainingError(f"{self._address} did not {what}: {reason}")
            self._sleep(end, what)

    def wait_until_answering(self, name: str, version: int, label: str | None) -> None:
        """Wait until a version answers calls with a label, or those that name no version.

        Raises:
            TrainingError: it does not load, or another one still answers after the time is up.
        """
        self.wait_until_available(name, version)
        end = time.monotonic() + self._seconds
        while self.answering(name, label) != version:
            self._sleep(end, f"answer with version {version} of {name}")

    def answering(self, name: str, label: str | None) -> int | None:
        """Return the version that answers calls with a label, or without; None if none does."""
        spec = ModelSpec(name=name, version_label=label) if label else ModelSpec(name=name)
        request = GetModelMetadataRequest(model_spec=spec, metadata_field=["signature_def"])
        try:
            response = self._predictions.GetModelMetadata(request, timeout=_CALL_SECONDS)
        except grpc.RpcError as error:
            if error.code() in _MISSING:
                return None
            raise self._no_answer(error) from error
        return int(response.model_spec.version.value)

    def reload(self, model: ModelSettings) -> None:
        """Have it serve this model and no other.

        Raises:
            TrainingError: it refuses the policy or the labels.
        """
        request = ReloadConfigRequest(config=config_of([model]))
        states = self.states(model.name).items()
        self._ended = {version for version, status in states if status.state == _State.END}
        try:
            self._models.HandleReloadConfigRequest(request, timeout=self._seconds)
        except grpc.RpcError as error:
            if error.code() is grpc.StatusCode.UNAVAILABLE:
                raise self._no_answer(error) from error
            raise TrainingError(
                f"the model server {self._address} refuses: {_details(error)}"
            ) from error

    def _sleep(self, end: float, what: str) -> None:
        if time.monotonic() > end:
            raise TrainingError(
                f"{self._address} did not {what} within {self._seconds:g} s: it has to read the"
                " same file again, see its --model_config_file_poll_wait_seconds"
            )
        time.sleep(_POLL_SECONDS)

    def _no_answer(self, error: grpc.RpcError) -> TrainingError:
        return TrainingError(
            f"the model server {self._address} does not answer"
            f" ({error.code().name}: {_details(error)})"
        )


@contextmanager
def connected(
    addresses: Sequence[str], tls: TlsFiles | None, seconds: float
) -> Iterator[list[ModelServer]]:
    """Connect to model servers.

    Args:
        addresses: host:port of their gRPC APIs.
        tls: certificates; None: plaintext.
        seconds: how long each may take to follow a change.

    Raises:
        TrainingError: a file for TLS is invalid.
    """
    with ExitStack() as cleanup:
        channels = [cleanup.enter_context(_channel(each, tls)) for each in addresses]
        yield [ModelServer(*each, seconds) for each in zip(addresses, channels, strict=True)]


def _details(error: grpc.RpcError) -> str:
    return " ".join((error.details() or "").split())


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
