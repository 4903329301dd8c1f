"""Certificates and keys for TLS with the model server, in files that may be rotated."""

import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple


class TlsError(Exception):
    """A file for TLS is invalid; says which, why and what it has to contain."""


class Pem(NamedTuple):
    """The contents of the files: authorities and, for mutual TLS, key and certificate."""

    ca: bytes
    key: bytes | None = None
    cert: bytes | None = None


@dataclass(frozen=True)
class TlsFiles:
    """PEM files for TLS with the model server.

    Attributes:
        ca: the authorities trusted to sign the model server's certificate.
        cert: the gateway's certificate, with its chain, for mutual TLS.
        key: the gateway's private key, without a password; given with `cert` or not at all.
        server_name: the name in the model server's certificate; by default its address.
    """

    ca: Path
    cert: Path | None = None
    key: Path | None = None
    server_name: str | None = None

    def read(self) -> Pem:
        """Read and check the files.

        It does not use gRPC, so it may be called before a fork.

        Raises:
            TlsError: a file can't be read or is invalid.
        """
        ca = read_file(self.ca)
        try:
            ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(self.ca)
        except ssl.SSLError as error:
            raise TlsError(f"{self.ca} contains no certificate in PEM") from error
        if self.cert is None or self.key is None:
            return Pem(ca)
        cert, key = read_file(self.cert), read_file(self.key)
        check_pair(self.cert, self.key)
        return Pem(ca, key, cert)

    def state(self) -> tuple[tuple[int, int, int] | None, ...]:
        """Return a value that changes when a file does."""
        return tuple(_state(file) for file in (self.ca, self.cert, self.key) if file)


def check_pair(cert: Path, key: Path) -> None:
    """Check that a certificate and a key are readable PEM and belong together.

    Raises:
        TlsError: they are not, or the key has a password.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        # Without this argument OpenSSL would prompt for a password on the terminal.
        context.load_cert_chain(cert, key, password=bytes)
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            raise TlsError(f"the key {key} does not match the certificate {cert}") from error
        raise TlsError(
            f"{cert} and {key} have to be a certificate and its key in PEM, without a password"
        ) from error


def read_file(file: Path) -> bytes:
    """Return the contents of a file; raise TlsError if it can't be read."""
    try:
        return file.read_bytes()
    except OSError as error:
        raise TlsError(f"cannot read {file}: {error.strerror}") from error


def _state(file: Path) -> tuple[int, int, int] | None:
    try:
        status = file.stat()
    except OSError:
        return None
    return status.st_ino, status.st_mtime_ns, status.st_size
