"""When the certificate that the model server uses expires.

What counts is the certificate on the wire: TensorFlow Serving reads its file once, so a renewed one
changes nothing until it is restarted.
"""

import contextlib
import socket
import ssl
from collections.abc import Iterator

from serving.gateway.telemetry.model_gauges import ModelGauges
from serving.repeating_thread import RepeatingThread
from serving.tls.certificates import TlsFiles

CHECK_SECONDS = 600.0

_CONNECT_SECONDS = 5.0


def certificate_watch(address: str, tls: TlsFiles, gauges: ModelGauges) -> RepeatingThread:
    """Return a thread that keeps the gauge of the certificate current; arguments as for `expiry`.

    While no certificate is valid, such as when it has expired, the gauge stays as it was.
    """

    def update() -> None:
        if seconds := expiry(address, tls):
            gauges.certificate_expires(seconds)

    return RepeatingThread("certificate", lambda: CHECK_SECONDS, update)


def expiry(address: str, tls: TlsFiles) -> float | None:
    """Connect to each address of a model server; return when the first certificate expires.

    Args:
        address: as for gRPC, such as `dns:///model-server:8500`.
        tls: the files that gRPC uses too.

    Returns:
        Seconds since 1970; None if no address shows a certificate that is valid.
    """
    found = []
    for host, port in _hosts(address):
        with contextlib.suppress(OSError):  # The name does not resolve.
            for *_, resolved in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
                with contextlib.suppress(OSError):  # Closed, or the certificate is not accepted.
                    found.append(_not_after(resolved, tls.server_name or host, tls))
    return min(found, default=None)


def _hosts(address: str) -> Iterator[tuple[str, int]]:
    if address.startswith("unix:"):
        return
    for scheme in ("dns:///", "ipv4:", "ipv6:"):
        address = address.removeprefix(scheme)
    for each in address.split(","):
        host, _, port = each.rpartition(":")
        yield host.strip("[]"), int(port)


def _not_after(resolved: tuple[object, ...], name: str, tls: TlsFiles) -> float:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(tls.ca)
    if tls.cert:
        context.load_cert_chain(tls.cert, tls.key, password=bytes)
    context.set_alpn_protocols(["h2"])
    plain = socket.create_connection(resolved[:2], _CONNECT_SECONDS)  # type: ignore[arg-type]
    with plain, context.wrap_socket(plain, server_hostname=name) as secure:
        certificate = secure.getpeercert()
        return float(ssl.cert_time_to_seconds(str((certificate or {})["notAfter"])))
