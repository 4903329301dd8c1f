"""Messages that TensorFlow Serving's Python package leaves out, for parsing its text files.

Source: tensorflow_serving/servables/tensorflow/session_bundle_config.proto and
tensorflow_serving/config/monitoring_config.proto of TensorFlow Serving.
"""

from typing import Any

from google.protobuf import descriptor_pool, message_factory, text_format, wrappers_pb2
from google.protobuf.descriptor_pb2 import FileDescriptorProto

_MESSAGE = "type: TYPE_MESSAGE label: LABEL_OPTIONAL type_name:"
_FILE = f"""
name: "photolabel_test.proto" package: "tensorflow.serving" syntax: "proto3"
dependency: "google/protobuf/wrappers.proto"
message_type {{
  name: "BatchingParameters"
  field {{ name: "max_batch_size" number: 1 {_MESSAGE} ".google.protobuf.Int64Value" }}
  field {{ name: "batch_timeout_micros" number: 2 {_MESSAGE} ".google.protobuf.Int64Value" }}
  field {{ name: "max_enqueued_batches" number: 3 {_MESSAGE} ".google.protobuf.Int64Value" }}
  field {{ name: "num_batch_threads" number: 4 {_MESSAGE} ".google.protobuf.Int64Value" }}
  field {{ name: "thread_pool_name" number: 5 {_MESSAGE} ".google.protobuf.StringValue" }}
  field {{ name: "allowed_batch_sizes" number: 6 type: TYPE_INT64 label: LABEL_REPEATED }}
  field {{ name: "pad_variable_length_inputs" number: 7 type: TYPE_BOOL label: LABEL_OPTIONAL }}
}}
message_type {{
  name: "PrometheusConfig"
  field {{ name: "enable" number: 1 type: TYPE_BOOL label: LABEL_OPTIONAL }}
  field {{ name: "path" number: 2 type: TYPE_STRING label: LABEL_OPTIONAL }}
}}
message_type {{
  name: "MonitoringConfig"
  field {{ name: "prometheus_config" number: 1 {_MESSAGE} ".tensorflow.serving.PrometheusConfig" }}
}}
"""


def _message_class(name: str) -> Any:
    pool = descriptor_pool.DescriptorPool()
    pool.AddSerializedFile(wrappers_pb2.DESCRIPTOR.serialized_pb)
    pool.AddSerializedFile(text_format.Parse(_FILE, FileDescriptorProto()).SerializeToString())
    descriptor = pool.FindMessageTypeByName(f"tensorflow.serving.{name}")
    return message_factory.GetMessageClass(descriptor)


def batching_parameters(text: str) -> Any:
    return text_format.Parse(text, _message_class("BatchingParameters")())


def monitoring_config(text: str) -> Any:
    return text_format.Parse(text, _message_class("MonitoringConfig")())
