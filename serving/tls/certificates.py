"""Certificates and keys for TLS with the model server: read from files that may be rotated."""

import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple


class TlsError(Exception):
    """A file for TLS is no good; says which, why and what it has to hold."""


class Pem(NamedTuple):
    """What the files hold: authorities and, for mutual TLS, key and certificate."""

    ca: bytes
    key: bytes | None = None
    cert: bytes | None = None


@dataclass(frozen=True)
class TlsFiles:
    """PEM files for TLS with the model server.

    Attributes:
        ca: certificates of whom to trust to have signed the model server's.
        cert: the gateway's own certificate, with its chain, for mutual TLS.
        key: the key of `cert`, without a password; there is both or none.
        server_name: that the model server's certificate has to be for; by default its address.
    """

    ca: Path
    cert: Path | None = None
    key: Path | None = None
    server_name: str | None = None

    def read(self) -> Pem:
        """Read and check the files.

        It leaves gRPC alone, so it may be called before a fork.

        Raises:
            TlsError: one can't be read or used.
        """
        ca = _read(self.ca)
        _check_authorities(self.ca)
        if self.cert is None or self.key is None:
            return Pem(ca)
        cert, key = _read(self.cert), _read(self.key)
        check_pair(self.cert, self.key)
        return Pem(ca, key, cert)

    def state(self) -> tuple[tuple[int, int, int] | None, ...]:
        """Return what changes when a file does; None stands for one that can't be looked at."""
        return tuple(_state(file) for file in (self.ca, self.cert, self.key) if file)


def check_pair(cert: Path, key: Path) -> None:
    """Check that a certificate and a key are readable PEM and belong together.

    Raises:
        TlsError: they are not, or the key has a password.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        # Without this argument a password would be asked for on the terminal.
        context.load_cert_chain(cert, key, password=bytes)
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            raise TlsError(f"the key {key} is not that of the certificate {cert}") from error
        raise TlsError(
            f"{cert} and {key} have to be a certificate and its key in PEM, without a password"
        ) from error


def _check_authorities(ca: Path) -> None:
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(ca)
    except ssl.SSLError as error:
        raise TlsError(f"{ca} holds no certificate in PEM") from error


def _read(file: Path) -> bytes:
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
