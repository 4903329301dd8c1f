"""Replay the recorded warm-up requests of a version before it serves."""

from pathlib import Path

import grpc
import tensorflow as tf
from google.protobuf.message import DecodeError
from tensorflow_serving.apis.prediction_log_pb2 import PredictionLog

from serving.model_server import errors
from serving.model_server.errors import ServingError
from serving.model_server.prediction import predict
from serving.model_server.servable import Servable, as_serving_errors

REQUESTS_FILE = Path("assets.extra", "tf_serving_warmup_requests")
_MAX_RECORDS = 1000


@as_serving_errors()
def warm_up(servable: Servable, path: Path) -> int:
    """Run every recorded request of the version in the folder ``path``.

    The records are TFRecords of ``PredictionLog``. The model name in a record is ignored.

    Returns:
        The number of records; 0 if the version has no such file.

    Raises:
        ServingError: a record cannot be read or run, or there are more than 1000. As in TensorFlow
            Serving, such a version is not served.
    """
    file = path / REQUESTS_FILE
    if not file.exists():
        return 0
    count = 0
    records = tf.data.TFRecordDataset(str(file)).as_numpy_iterator()
    for count, record in enumerate(records, start=1):
        _run(servable, record, file)
        if count > _MAX_RECORDS:
            raise errors.invalid(
                f"Number of warmup records exceeds the maximum ({_MAX_RECORDS}) at {file}"
            )
    return count


def _run(servable: Servable, record: bytes, file: Path) -> None:
    try:
        log = PredictionLog.FromString(record)
    except DecodeError as error:
        raise errors.invalid(f"Failed to parse warmup record from {file}") from error
    kind = log.WhichOneof("log_type")
    if kind == "predict_log":
        predict(servable, log.predict_log.request)
    elif kind is not None:
        raise ServingError(
            grpc.StatusCode.UNIMPLEMENTED, f"Unsupported log_type for warmup: {kind} in {file}"
        )
