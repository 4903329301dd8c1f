"""Addresses that can and cannot be listened on."""

import socket

import pytest

from serving.model_server.options import AddressError, check_address, format_address


def test_a_free_port_is_still_free_after_the_check() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    check_address("127.0.0.1", port)
    check_address("127.0.0.1", port)


def test_a_port_in_use_is_refused() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with pytest.raises(AddressError, match=f"127.0.0.1:{port}: Address already in use"):
            check_address("127.0.0.1", port)


@pytest.mark.parametrize("host", ["192.0.2.1", "no such host"])
def test_another_machines_address_is_refused(host: str) -> None:
    with pytest.raises(AddressError, match=f"cannot listen on {host}:8500: .*--host"):
        check_address(host, 8500)


def test_ipv6_addresses_are_bracketed() -> None:
    assert (format_address("::1", 80), format_address("localhost", 80)) == (
        "[::1]:80",
        "localhost:80",
    )
