"""The gRPC client of the model server: describe, predict, states."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from serving import protos
from serving.breaker import Breaker
from serving.channel import open_channel
from serving.deadline import Deadline
from serving.errors import InternalError
from serving.model_ref import ModelRef
from serving.photos import Shape
from serving.statuses import broken_contract, call


@dataclass(frozen=True)
class Description:
    """What a version of a model says about itself (contract 1)."""

    version: int
    shape: Shape
    labels: tuple[str, ...]
    preparation: str
    card: dict[str, Any]


@dataclass(frozen=True)
class VersionState:
    """The state of one version, as TensorFlow Serving names them, such as `AVAILABLE`."""

    version: int
    state: str
    message: str


@dataclass(frozen=True)
class Prediction:
    """One answer: probabilities float32 `[photos, classes]`, recognized bool `[photos]` or None."""

    version: int
    probabilities: np.ndarray
    recognized: np.ndarray | None


class ModelServer:
    """A model server with TensorFlow Serving's gRPC API, at one address.

    Make it after a fork: gRPC's threads do not survive one.
    """

    def __init__(self, address: str) -> None:
        self._channel = open_channel(address)
        self._predictions = protos.PredictionServiceStub(self._channel)
        self._models = protos.ModelServiceStub(self._channel)
        self._breaker = Breaker()

    def close(self) -> None:
        """Close the connection; calls in flight are cancelled."""
        self._channel.close()

    def states(self, name: str, deadline: Deadline) -> list[VersionState]:
        """Return the states of all versions that the model server knows, newest first.

        Raises:
            PhotolabelError: as in `statuses.STATUS_TABLE`; `ModelNotReady` if it knows none.
        """
        request = protos.GetModelStatusRequest(model_spec=protos.ModelSpec(name=name))
        reply = self._call(self._models.GetModelStatus, request, ModelRef(name), deadline)
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
        reply = self._call(self._predictions.GetModelMetadata, request, ref, deadline)
        version = reply.model_spec.version.value
        shape = _input_shape(reply, ref)
        pinned = ModelRef(ref.name, version)
        blank = np.zeros((1, *shape), np.uint8)
        answer = self._ask(pinned, "describe", blank, deadline)
        try:
            return Description(
                version=version,
                shape=shape,
                labels=tuple(text.decode() for text in answer.outputs["labels"].string_val),
                preparation=answer.outputs["preparation"].string_val[0].decode(),
                card=json.loads(answer.outputs["card"].string_val[0]),
            )
        except (IndexError, ValueError) as error:
            raise broken_contract(pinned, f"signature describe: {error}") from error

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
        probabilities = _numbers(answer.outputs["probabilities"], np.float32)
        if probabilities.ndim != 2 or len(probabilities) != len(pixels):
            got = f"output probabilities has shape {probabilities.shape}"
            raise broken_contract(ref, got)
        recognized = None
        if "recognized" in answer.outputs:
            recognized = _numbers(answer.outputs["recognized"], np.bool_)
        return Prediction(answer.model_spec.version.value, probabilities, recognized)

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
        return self._call(self._predictions.Predict, request, ref, deadline)

    def _call(
        self, method: Callable[..., Any], request: Any, ref: ModelRef, deadline: Deadline
    ) -> Any:
        deadline.remaining()  # A budget spent before the call is not the model server's fault.
        with self._breaker.guarding():
            return call(method, request, ref, deadline)


def _spec(ref: ModelRef) -> protos.ModelSpec:
    spec = protos.ModelSpec(name=ref.name)
    if ref.version is not None:
        spec.version.value = ref.version
    elif ref.label is not None:
        spec.version_label = ref.label
    return spec


def _input_shape(reply: protos.GetModelMetadataResponse, ref: ModelRef) -> Shape:
    signatures = protos.SignatureDefMap()
    reply.metadata["signature_def"].Unpack(signatures)
    image = signatures.signature_def["serving_default"].inputs["image"]
    sizes = tuple(dim.size for dim in image.tensor_shape.dim)
    if (
        image.dtype != protos.DT_UINT8
        or len(sizes) != 4
        or min(sizes[1:]) < 1
        or sizes[3] not in (1, 3)
    ):
        raise broken_contract(
            ref, f"input image has shape {list(sizes)}, wanted is uint8 [-1, height, width, 1 or 3]"
        )
    return sizes[1], sizes[2], sizes[3]


def _numbers(tensor: protos.TensorProto, dtype: type[np.generic]) -> np.ndarray:
    shape = [dim.size for dim in tensor.tensor_shape.dim]
    if tensor.tensor_content:
        return np.frombuffer(tensor.tensor_content, dtype).reshape(shape)
    values = tensor.float_val if tensor.dtype == protos.DT_FLOAT else tensor.bool_val
    return np.fromiter(values, dtype, len(values)).reshape(shape)
