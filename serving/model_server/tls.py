"""TLS as TensorFlow Serving's flag --ssl_config_file sets it up: a text SSLConfig, read once."""

import tempfile
from pathlib import Path
from typing import Any

import grpc
from google.protobuf import descriptor_pool, message_factory, text_format
from google.protobuf.descriptor_pb2 import FileDescriptorProto

from serving.repository.model_config import ConfigError
from serving.tls.certificates import TlsError, check_pair

# tensorflow_serving/config/ssl_config.proto, which TensorFlow Serving's Python package leaves out.
_PROTO = """
name: "photolabel/ssl_config.proto" package: "tensorflow.serving" syntax: "proto3"
message_type {
  name: "SSLConfig"
  field { name: "server_key" number: 1 type: TYPE_STRING label: LABEL_OPTIONAL }
  field { name: "server_cert" number: 2 type: TYPE_STRING label: LABEL_OPTIONAL }
  field { name: "custom_ca" number: 3 type: TYPE_STRING label: LABEL_OPTIONAL }
  field { name: "client_verify" number: 4 type: TYPE_BOOL label: LABEL_OPTIONAL }
}
"""


def ssl_config_message() -> Any:
    """Return an empty SSLConfig."""
    pool = descriptor_pool.DescriptorPool()
    pool.AddSerializedFile(text_format.Parse(_PROTO, FileDescriptorProto()).SerializeToString())
    descriptor = pool.FindMessageTypeByName("tensorflow.serving.SSLConfig")
    return message_factory.GetMessageClass(descriptor)()


def server_credentials(file: Path) -> grpc.ServerCredentials:
    """Read a text SSLConfig: the server's key and certificate in PEM, and whom it lets in.

    Raises:
        ConfigError: the file can't be read or is no SSLConfig, or its certificates are no good.
    """
    try:
        config = text_format.Parse(file.read_text("utf-8"), ssl_config_message())
    except OSError as error:
        raise ConfigError(f"cannot read {file}: {error.strerror}") from error
    except (text_format.ParseError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file} is no text SSLConfig: {error}") from error
    if config.client_verify and not config.custom_ca:
        raise ConfigError(f"{file}: client_verify needs custom_ca, whose clients are let in")
    _check(config, file)
    return grpc.ssl_server_credentials(
        [(config.server_key.encode(), config.server_cert.encode())],
        root_certificates=config.custom_ca.encode() or None,
        require_client_auth=config.client_verify,
    )


def _check(config: Any, file: Path) -> None:
    """Check key and certificate; gRPC would only fail to listen."""
    with tempfile.TemporaryDirectory(prefix="photolabel-") as folder:
        cert, key = Path(folder) / "server_cert", Path(folder) / "server_key"
        cert.write_text(config.server_cert)
        key.write_text(config.server_key)
        try:
            check_pair(cert, key)
        except TlsError as error:
            reason = str(error).replace(f"{folder}/", "")
            raise ConfigError(f"{file}: {reason}") from error
