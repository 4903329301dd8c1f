"""TensorFlow Serving's message classes and stubs, without the TensorFlow runtime.

`tensorflow_serving.apis` needs some 25 generated modules of the `tensorflow` package and nothing
else of it, but importing them normally runs `tensorflow/__init__`, which takes seconds and hundreds
of megabytes. So a stand-in package, which only has the path of the files, replaces it during the
import and is removed afterwards, so that a later `import tensorflow` is complete. If TensorFlow is
imported already, it is used.
"""

import importlib.machinery
import sys
import types
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def _without_runtime() -> Iterator[None]:
    if "tensorflow" in sys.modules:
        yield
        return
    spec = importlib.machinery.PathFinder.find_spec("tensorflow")
    if spec is None or spec.submodule_search_locations is None:
        raise ImportError(
            "TensorFlow's message classes are not installed: "
            "pip install --no-deps --require-hashes -r requirements/protos.txt, "
            "or photolabel-serving[model-server]"
        )
    stand_in = types.ModuleType("tensorflow")
    stand_in.__path__ = list(spec.submodule_search_locations)
    sys.modules["tensorflow"] = stand_in
    try:
        yield
    finally:
        del sys.modules["tensorflow"]


with _without_runtime():
    from tensorflow.core.framework.tensor_pb2 import TensorProto
    from tensorflow.core.framework.types_pb2 import DT_BOOL, DT_FLOAT, DT_STRING, DT_UINT8
    from tensorflow_serving.apis.get_model_metadata_pb2 import (
        GetModelMetadataRequest,
        GetModelMetadataResponse,
        SignatureDefMap,
    )
    from tensorflow_serving.apis.get_model_status_pb2 import (
        GetModelStatusRequest,
        GetModelStatusResponse,
        ModelVersionStatus,
    )
    from tensorflow_serving.apis.model_management_pb2 import ReloadConfigRequest
    from tensorflow_serving.apis.model_pb2 import ModelSpec
    from tensorflow_serving.apis.model_service_pb2_grpc import ModelServiceStub
    from tensorflow_serving.apis.predict_pb2 import PredictRequest, PredictResponse
    from tensorflow_serving.apis.prediction_service_pb2_grpc import PredictionServiceStub

__all__ = [
    "DT_BOOL",
    "DT_FLOAT",
    "DT_STRING",
    "DT_UINT8",
    "GetModelMetadataRequest",
    "GetModelMetadataResponse",
    "GetModelStatusRequest",
    "GetModelStatusResponse",
    "ModelServiceStub",
    "ModelSpec",
    "ModelVersionStatus",
    "PredictRequest",
    "PredictResponse",
    "PredictionServiceStub",
    "ReloadConfigRequest",
    "SignatureDefMap",
    "TensorProto",
]
