"""A real gRPC model server whose answers a test scripts."""

import gzip
import time
from concurrent import futures
from typing import Any

import grpc

from serving import protos

PREDICTION = "tensorflow.serving.PredictionService"
MODELS = "tensorflow.serving.ModelService"


class Script:
    """What the server answers, and what it was asked."""

    def __init__(self) -> None:
        self.fail: tuple[grpc.StatusCode, str] | None = None
        self.failures = 10**9
        self.input_shape = [-1, 4, 5, 3]
        self.input_dtype = protos.DT_UINT8
        self.preparation = b"squash/1"
        self.signatures = ["serving_default", "explain"]
        self.card = b'{"recipe": "drawn"}'
        self.report = b"<!doctype html><title>drawn</title>"
        self.delay = 0.0
        self.requests: list[Any] = []
        self.metadata: list[dict[str, str]] = []

    @property
    def photos(self) -> list[Any]:
        """Return the requests with photos: the others come by themselves, too (readiness)."""
        predictions = [each for each in self.requests if isinstance(each, protos.PredictRequest)]
        return [each for each in predictions if each.model_spec.signature_name != "describe"]

    def predict(self, request: Any, context: grpc.ServicerContext) -> Any:
        self._enter(request, context)
        reply = protos.PredictResponse()
        reply.model_spec.version.value = 7
        count = request.inputs["image"].tensor_shape.dim[0].size
        if request.model_spec.signature_name == "describe":
            _strings(reply.outputs["labels"], [b"cat", b"dog"], [1, 2])
            _strings(reply.outputs["preparation"], [self.preparation], [1])
            _strings(reply.outputs["card"], [self.card], [1])
        elif request.model_spec.signature_name == "explain":
            _floats(reply.outputs["heat"], [0.0, 1.0, 0.5] * count, [count, 1, 3])
        elif request.model_spec.signature_name == "report":
            _strings(reply.outputs["report"], [gzip.compress(self.report)], [1])
        else:
            _floats(reply.outputs["probabilities"], [0.25, 0.75] * count, [count, 2])
        return reply

    def describe(self, request: Any, context: grpc.ServicerContext) -> Any:
        self._enter(request, context)
        signatures = protos.SignatureDefMap()
        for name in self.signatures:
            image = signatures.signature_def[name].inputs["image"]
            image.dtype = self.input_dtype
            for size in self.input_shape:
                image.tensor_shape.dim.add(size=size)
        reply = protos.GetModelMetadataResponse()
        reply.model_spec.version.value = 7
        reply.metadata["signature_def"].Pack(signatures)
        return reply

    def states(self, request: Any, context: grpc.ServicerContext) -> Any:
        self._enter(request, context)
        reply = protos.GetModelStatusResponse()
        reply.model_version_status.add(version=7, state=protos.ModelVersionStatus.AVAILABLE)
        return reply

    def _enter(self, request: Any, context: grpc.ServicerContext) -> None:
        self.requests.append(request)
        self.metadata.append(dict(context.invocation_metadata()))
        began = time.monotonic()  # A test may end the delay.
        while context.is_active() and time.monotonic() < began + self.delay:
            time.sleep(0.01)
        if self.fail and self.failures > 0:
            self.failures -= 1
            context.abort(*self.fail)


def _floats(tensor: Any, values: list[float], shape: list[int]) -> None:
    tensor.dtype = protos.DT_FLOAT
    tensor.float_val.extend(values)
    for size in shape:
        tensor.tensor_shape.dim.add(size=size)


def _strings(tensor: Any, values: list[bytes], shape: list[int]) -> None:
    tensor.dtype = protos.DT_STRING
    tensor.string_val.extend(values)
    for size in shape:
        tensor.tensor_shape.dim.add(size=size)


def serve(
    script: Script, port: int = 0, credentials: grpc.ServerCredentials | None = None
) -> tuple[grpc.Server, int]:
    """Start a server that answers as the script says; return it and its port."""
    server = grpc.server(futures.ThreadPoolExecutor(4), options=[("grpc.so_reuseport", 0)])
    handlers = {
        "Predict": grpc.unary_unary_rpc_method_handler(
            script.predict,
            protos.PredictRequest.FromString,
            protos.PredictResponse.SerializeToString,
        ),
        "GetModelMetadata": grpc.unary_unary_rpc_method_handler(
            script.describe,
            protos.GetModelMetadataRequest.FromString,
            protos.GetModelMetadataResponse.SerializeToString,
        ),
    }
    states = grpc.unary_unary_rpc_method_handler(
        script.states,
        protos.GetModelStatusRequest.FromString,
        protos.GetModelStatusResponse.SerializeToString,
    )
    server.add_generic_rpc_handlers(
        (
            grpc.method_handlers_generic_handler(PREDICTION, handlers),
            grpc.method_handlers_generic_handler(MODELS, {"GetModelStatus": states}),
        )
    )
    address = f"127.0.0.1:{port}"
    if credentials:
        port = server.add_secure_port(address, credentials)
    else:
        port = server.add_insecure_port(address)
    server.start()
    return server, port
