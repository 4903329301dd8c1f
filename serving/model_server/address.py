"""The address to listen on, looked at before anything slow is begun."""

import socket


class AddressError(Exception):
    """The address cannot be listened on; says in one line why and what to do."""

    def __init__(self, address: str, reason: str) -> None:
        super().__init__(
            f"cannot listen on {address}: {reason}; choose others with --port and --host"
        )


def joined(host: str, port: int) -> str:
    """Return host and port as gRPC writes them, IPv6 addresses in brackets."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def check_address(host: str, port: int) -> None:
    """Check that the address could be listened on now, without doing it.

    Raises:
        AddressError: it could not: the port is in use, the host is not this machine's, ...
    """
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise AddressError(joined(host, port), error.strerror or str(error)) from error
