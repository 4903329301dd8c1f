"""The client of the model server: states, resolve, describe, predict, explain, report."""

from collections.abc import Callable
from typing import Any

import grpc
import numpy as np

from serving import protos
from serving.deadline import Deadline
from serving.gateway.model_client.channel import FollowingChannel
from serving.gateway.model_client.circuit_breaker import CircuitBreaker
from serving.gateway.model_client.contract import (
    Description,
    Prediction,
    read_description,
    read_heat,
    read_prediction,
    read_report,
    read_signatures,
)
from serving.gateway.model_client.grpc_errors import call
from serving.gateway.model_client.model_ref import ModelRef, VersionState
from serving.http_errors import InternalError, ModelNotReady, UnknownVersion
from serving.photos import Shape
from serving.tls.certificates import Pem, TlsFiles

TRIES = 4


class ModelServer:
    """A model server with TensorFlow Serving's gRPC API, at one address.

    Make it after a fork: gRPC's threads do not survive one. Its methods raise the errors of
    `grpc_errors.to_error`, `ModelServerUnavailable` while the circuit breaker is open, and
    `ModelNotReady` if a model violates contract 1.

    Args:
        address, tls, pem: as for `FollowingChannel`.

    Raises:
        TlsError: a file of `tls` is invalid, and there is no `pem`.
    """

    def __init__(self, address: str, tls: TlsFiles | None = None, pem: Pem | None = None) -> None:
        self._channel = FollowingChannel(address, tls, pem)
        self._stubs = _Stubs(self._channel.current())
        self._breaker = CircuitBreaker(address, tls is not None)

    def close(self) -> None:
        """Close the connection; calls in flight are cancelled."""
        self._channel.close()

    def check(self) -> None:
        """Raise `ModelServerUnavailable` if the circuit breaker is open, without a call."""
        self._breaker.check()

    def states(self, name: str, deadline: Deadline) -> list[VersionState]:
        """Return the states of all versions that the model server knows, newest first."""
        request = protos.GetModelStatusRequest(model_spec=protos.ModelSpec(name=name))
        method = self._current_stubs().models.GetModelStatus
        response = self._call(method, request, ModelRef(name), deadline)
        states = [
            VersionState(
                version=status.version,
                state=protos.ModelVersionStatus.State.Name(status.state),
                message=status.status.error_message,
            )
            for status in response.model_version_status
        ]
        return sorted(states, key=lambda state: -state.version)

    def resolve(self, ref: ModelRef, deadline: Deadline) -> int:
        """Return the version that answers `ref`.

        `GetModelStatus` ignores labels, so this asks for the signatures.
        """
        return int(self._metadata(ref, deadline).model_spec.version.value)

    def describe(self, ref: ModelRef, deadline: Deadline) -> Description:
        """Return a version's input shape, labels, preparation and card."""
        metadata = self._metadata(ref, deadline)
        shape, signatures = read_signatures(metadata, ref)
        version = metadata.model_spec.version.value
        response = self._call_describe(ref, version, shape, deadline)
        return read_description(response, ModelRef(ref.name, version), shape, signatures)

    def _metadata(self, ref: ModelRef, deadline: Deadline) -> protos.GetModelMetadataResponse:
        request = protos.GetModelMetadataRequest(
            model_spec=_spec(ref), metadata_field=["signature_def"]
        )
        return self._call(
            self._current_stubs().predictions.GetModelMetadata, request, ref, deadline
        )

    def _call_describe(
        self, ref: ModelRef, version: int, shape: Shape, deadline: Deadline
    ) -> protos.PredictResponse:
        """Call `describe` of the version whose input is known; another replica may lack it."""
        pinned, blank = ModelRef(ref.name, version), np.zeros((1, *shape), np.uint8)
        for _ in range(TRIES):
            try:
                return self._call_signature(pinned, "describe", blank, deadline)
            except UnknownVersion:
                if ref.version is not None:
                    raise
        raise ModelNotReady(f"Model {ref} is changing: version {version} is gone. Try again.")

    def predict(self, ref: ModelRef, pixels: np.ndarray, deadline: Deadline) -> Prediction:
        """Return the probabilities of every class.

        Args:
            ref: the model.
            pixels: uint8 `[photos, height, width, channels]`, as the model is described. Another
                rank would abort a stock TensorFlow Serving.
            deadline: of the request.
        """
        response = self._call_signature(ref, "serving_default", pixels, deadline)
        return read_prediction(response, ref, len(pixels))

    def explain(self, ref: ModelRef, pixels: np.ndarray, deadline: Deadline) -> np.ndarray:
        """Return where the evidence for the predicted class is; arguments as for `predict`.

        Returns:
            float32 `[photos, rows, columns]`, from 0 to 1.
        """
        response = self._call_signature(ref, "explain", pixels, deadline)
        return read_heat(response, ref, len(pixels))

    def report(self, ref: ModelRef, shape: Shape, deadline: Deadline) -> bytes:
        """Return the report of a version whose input is known: an HTML page."""
        blank = np.zeros((1, *shape), np.uint8)
        return read_report(self._call_signature(ref, "report", blank, deadline), ref)

    def _call_signature(
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
        return self._call(self._current_stubs().predictions.Predict, request, ref, deadline)

    def _call(
        self, method: Callable[..., Any], request: Any, ref: ModelRef, deadline: Deadline
    ) -> Any:
        deadline.remaining()  # A deadline that passed before the call is no failure of the server.
        with self._breaker.guarding():
            return call(method, request, ref, deadline)

    def _current_stubs(self) -> "_Stubs":
        channel = self._channel.current()
        if channel is not self._stubs.channel:
            self._stubs = _Stubs(channel)
        return self._stubs


class _Stubs:
    """The stubs of both services on one channel."""

    def __init__(self, channel: grpc.Channel) -> None:
        self.channel = channel
        self.predictions = protos.PredictionServiceStub(channel)
        self.models = protos.ModelServiceStub(channel)


def _spec(ref: ModelRef) -> protos.ModelSpec:
    spec = protos.ModelSpec(name=ref.name)
    if ref.version is not None:
        spec.version.value = ref.version
    elif ref.label is not None:
        spec.version_label = ref.label
    return spec
