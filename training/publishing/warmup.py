"""Warm-up records: requests that a model server replays before a version serves.

TensorFlow Serving reads them as a TFRecord file of `PredictionLog` messages.
Source: https://www.tensorflow.org/tfx/serving/saved_model_warmup
"""

from pathlib import Path

import tensorflow as tf
from tensorflow_serving.apis import prediction_log_pb2

WARMUP = Path("assets.extra", "tf_serving_warmup_requests")
SIGNATURES = ("serving_default", "explain", "describe")
BATCH_SIZES = (1, 8)


def write_warmup(folder: Path, model: str, shape: tuple[int, int, int]) -> None:
    """Write one record per signature and batch size; the shape is height, width and channels."""
    with tf.io.TFRecordWriter(str(folder / WARMUP)) as writer:
        for signature in SIGNATURES:
            for batch in BATCH_SIZES:
                record = _record(model, signature, (batch, *shape))
                writer.write(record.SerializeToString())


def read_warmup(folder: Path) -> list[prediction_log_pb2.PredictionLog]:
    """Return the records of a SavedModel's folder."""
    records = tf.data.TFRecordDataset(str(folder / WARMUP)).as_numpy_iterator()
    return [prediction_log_pb2.PredictionLog.FromString(record) for record in records]


def _record(model: str, signature: str, shape: tuple[int, ...]) -> prediction_log_pb2.PredictionLog:
    """Return a request with mid-gray photos."""
    record = prediction_log_pb2.PredictionLog()
    request = record.predict_log.request
    request.model_spec.name = model
    request.model_spec.signature_name = signature
    image = request.inputs["image"]
    image.dtype = tf.uint8.as_datatype_enum
    image.tensor_shape.CopyFrom(tf.TensorShape(shape).as_proto())
    image.int_val.append(128)  # A single value means all of them: the file stays small.
    return record
