"""The gRPC client of the model server: describe, predict, states."""

from collections.abc import Callable
from typing import Any

import grpc
import numpy as np

from serving import protos
from serving.deadline import Deadline
from serving.errors import (
    InternalError,
    ModelNotReady,
    ModelServerUnavailable,
    UnknownVersion,
)
from serving.gateway.model_client.channel import FollowingChannel
from serving.gateway.model_client.circuit_breaker import Breaker
from serving.gateway.model_client.contract import (
    Description,
    Prediction,
    explains,
    input_shape,
    read_description,
    read_heat,
    read_prediction,
)
from serving.gateway.model_client.grpc_errors import call
from serving.gateway.model_client.model_ref import ModelRef, VersionState
from serving.gateway.model_client.outage_log import Outages
from serving.photos import Shape
from serving.tls.certificates import Pem, TlsFiles

TRIES = 4


class ModelServer:
    """A model server with TensorFlow Serving's gRPC API, at one address.

    Make it after a fork: gRPC's threads do not survive one.
    """

    def __init__(self, address: str, tls: TlsFiles | None = None, pem: Pem | None = None) -> None:
        """Open a channel.

        Args:
            address: where to connect, or what to look up, by the first call.
            tls: certificates for TLS, read again when they change; None: plaintext.
            pem: certificates that were good before, for when these files are not.

        Raises:
            TlsError: a file of `tls` is no good, and there is no `pem`.
        """
        self._channel = FollowingChannel(address, tls, pem)
        self._stubs = _Stubs(self._channel.current())
        self._breaker = Breaker()
        self._outages = Outages(address, tls is not None)

    def close(self) -> None:
        """Close the connection; calls in flight are cancelled."""
        self._channel.close()

    def check(self) -> None:
        """Find out whether the model server is known not to answer, without a call.

        Raises:
            ModelServerUnavailable: it is.
        """
        self._breaker.check()

    def states(self, name: str, deadline: Deadline) -> list[VersionState]:
        """Return the states of all versions that the model server knows, newest first.

        Raises:
            PhotolabelError: as in `statuses.STATUS_TABLE`; `ModelNotReady` if it knows none.
        """
        request = protos.GetModelStatusRequest(model_spec=protos.ModelSpec(name=name))
        reply = self._call(
            self._services().models.GetModelStatus, request, ModelRef(name), deadline
        )
        states = [
            VersionState(
                version=status.version,
                state=protos.ModelVersionStatus.State.Name(status.state),
                message=status.status.error_message,
            )
            for status in reply.model_version_status
        ]
        return sorted(states, key=lambda state: -state.version)

    def describe(self, ref: ModelRef, deadline: Deadline) -> Description:
        """Ask a version for its input, labels, preparation and card.

        Raises:
            PhotolabelError: as in `statuses.STATUS_TABLE`; `ModelNotReady` if the version does not
                keep contract 1.
        """
        request = protos.GetModelMetadataRequest(
            model_spec=_spec(ref), metadata_field=["signature_def"]
        )
        reply = self._call(self._services().predictions.GetModelMetadata, request, ref, deadline)
        version = reply.model_spec.version.value
        shape = input_shape(reply, ref)
        answer = self._ask_description(ref, version, shape, deadline)
        return read_description(answer, ModelRef(ref.name, version), shape, explains(reply))

    def _ask_description(
        self, ref: ModelRef, version: int, shape: Shape, deadline: Deadline
    ) -> protos.PredictResponse:
        """Ask the version whose input is known; another replica may not have it."""
        pinned, blank = ModelRef(ref.name, version), np.zeros((1, *shape), np.uint8)
        for _ in range(TRIES):
            try:
                return self._ask(pinned, "describe", blank, deadline)
            except UnknownVersion:
                if ref.version is not None:
                    raise
        raise ModelNotReady(f"Model {ref} is changing: version {version} is gone. Try again.")

    def predict(self, ref: ModelRef, pixels: np.ndarray, deadline: Deadline) -> Prediction:
        """Ask for the probabilities of every class.

        Args:
            ref: the model.
            pixels: uint8 `[photos, height, width, channels]`, as the model is described. Another
                rank would abort a stock TensorFlow Serving.
            deadline: until when to wait.

        Raises:
            PhotolabelError: as in `statuses.STATUS_TABLE`.
        """
        answer = self._ask(ref, "serving_default", pixels, deadline)
        return read_prediction(answer, ref, len(pixels))

    def explain(self, ref: ModelRef, pixels: np.ndarray, deadline: Deadline) -> np.ndarray:
        """Ask where the evidence for the predicted class is.

        Args:
            ref: the model.
            pixels: as for `predict`.
            deadline: until when to wait.

        Returns:
            float32 `[photos, rows, columns]`, from 0 to 1.

        Raises:
            PhotolabelError: as in `statuses.STATUS_TABLE`.
        """
        return read_heat(self._ask(ref, "explain", pixels, deadline), ref, len(pixels))

    def _ask(
        self, ref: ModelRef, signature: str, pixels: np.ndarray, deadline: Deadline
    ) -> protos.PredictResponse:
        if pixels.dtype != np.uint8 or pixels.ndim != 4:
            raise InternalError(f"pixels are {pixels.dtype} of rank {pixels.ndim}")
        request = protos.PredictRequest(model_spec=_spec(ref))
        request.model_spec.signature_name = signature
        image = request.inputs["image"]
        image.dtype = protos.DT_UINT8
        for size in pixels.shape:
            image.tensor_shape.dim.add(size=size)
        image.tensor_content = pixels.tobytes()
        return self._call(self._services().predictions.Predict, request, ref, deadline)

    def _call(
        self, method: Callable[..., Any], request: Any, ref: ModelRef, deadline: Deadline
    ) -> Any:
        deadline.remaining()  # A budget spent before the call is not the model server's fault.
        with self._breaker.guarding():
            try:
                reply = call(method, request, ref, deadline)
            except ModelServerUnavailable as error:
                self._outages.failed(_cause(error))
                raise
        self._outages.answered()
        return reply

    def _services(self) -> "_Stubs":
        channel = self._channel.current()
        if channel is not self._stubs.channel:
            self._stubs = _Stubs(channel)
        return self._stubs


class _Stubs:
    """Both services on one channel."""

    def __init__(self, channel: grpc.Channel) -> None:
        self.channel = channel
        self.predictions = protos.PredictionServiceStub(channel)
        self.models = protos.ModelServiceStub(channel)


def _cause(error: ModelServerUnavailable) -> str:
    """Return what gRPC tells of a failed call."""
    cause = error.__cause__
    return str(cause.details()) if isinstance(cause, grpc.RpcError) else str(error)


def _spec(ref: ModelRef) -> protos.ModelSpec:
    spec = protos.ModelSpec(name=ref.name)
    if ref.version is not None:
        spec.version.value = ref.version
    elif ref.label is not None:
        spec.version_label = ref.label
    return spec
