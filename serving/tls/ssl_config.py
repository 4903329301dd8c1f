"""TensorFlow Serving's SSLConfig, the text file of its flag --ssl_config_file: read and written.

TensorFlow Serving wants the key and the certificates inside this one file, which it reads once.
`python -m serving.tls.ssl_config DIR FILE` writes it from a folder with the usual names (a
Kubernetes Secret, cert-manager): `tls.crt`, `tls.key` and, where clients have to show a
certificate, `ca.crt` of the authority that signed theirs.
"""

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from serving.tls.certificates import TlsError, TlsFiles, check_pair, read_file

if TYPE_CHECKING:
    import grpc

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


def parse_ssl_config(text: str) -> Any:
    """Parse an SSLConfig in protobuf's text format."""
    from google.protobuf import descriptor_pool, message_factory, text_format
    from google.protobuf.descriptor_pb2 import FileDescriptorProto

    pool = descriptor_pool.DescriptorPool()
    pool.AddSerializedFile(text_format.Parse(_PROTO, FileDescriptorProto()).SerializeToString())
    descriptor = pool.FindMessageTypeByName("tensorflow.serving.SSLConfig")
    return text_format.Parse(text, message_factory.GetMessageClass(descriptor)())


def server_credentials(file: Path) -> "grpc.ServerCredentials":
    """Read an SSLConfig: the server's key and certificate, and which clients it accepts.

    Raises:
        TlsError: the file can't be read, is not an SSLConfig, or its certificates are invalid.
    """
    import grpc
    from google.protobuf.text_format import ParseError

    try:
        config = parse_ssl_config(read_file(file).decode())
    except (ParseError, UnicodeDecodeError) as error:
        raise TlsError(f"{file} is not an SSLConfig in text format: {error}") from error
    if config.client_verify and not config.custom_ca:
        raise TlsError(f"{file}: client_verify needs custom_ca, the authority that signs clients")
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
            raise TlsError(f"{file}: {reason}") from error


def ssl_config(folder: Path) -> str:
    """Return the SSLConfig, as text, for a folder's certificates.

    Raises:
        TlsError: a file can't be read or is invalid.
    """
    cert, key, clients = (folder / name for name in ("tls.crt", "tls.key", "ca.crt"))
    fields = {"server_key": read_file(key), "server_cert": read_file(cert)}
    check_pair(cert, key)
    if clients.exists():
        fields["custom_ca"] = TlsFiles(clients).read().ca
    # A JSON string is a valid text proto string as long as it is ASCII, which PEM is.
    lines = [f"{name}: {json.dumps(pem.decode('ascii', 'ignore'))}" for name, pem in fields.items()]
    lines.append(f"client_verify: {json.dumps('custom_ca' in fields)}")
    return "\n".join(lines) + "\n"


def main(argv: Sequence[str] | None = None) -> int:
    """Write the file, readable by this user only; return the exit status."""
    parser = argparse.ArgumentParser(
        "python -m serving.tls.ssl_config",
        description="Write TensorFlow Serving's SSLConfig (its flag --ssl_config_file) into FILE.",
        epilog="exit status: 0 FILE was written, 1 a file is invalid or cannot be read or written",
    )
    contents = "has tls.crt, tls.key and, for mutual TLS, ca.crt"
    parser.add_argument("folder", type=Path, metavar="DIR", help=contents)
    parser.add_argument("file", type=Path, metavar="FILE", help="file to write")
    arguments = parser.parse_args(argv)
    try:
        text = ssl_config(arguments.folder)
        arguments.file.unlink(missing_ok=True)
        with open(os.open(arguments.file, os.O_WRONLY | os.O_CREAT, 0o600), "w") as file:
            file.write(text)
    except (TlsError, OSError) as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
