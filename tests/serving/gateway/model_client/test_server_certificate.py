"""When the certificate on the wire expires, whatever is in the files."""

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from serving.gateway.model_client.server_certificate import certificate_watch, expiry
from serving.gateway.telemetry.model_gauges import ModelGauges
from serving.tls.certificates import TlsFiles
from tests.e2e.processes import free_port
from tests.serving.certificates import Certificates
from tests.serving.gateway.model_client.test_channel import server

SECONDS = 30.0  # As long as a test may take.
EXPIRES = datetime.now(UTC).replace(microsecond=0) + timedelta(days=10)


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return Certificates(tmp_path_factory.mktemp("ours"))


@pytest.mark.parametrize("form", ["{}", "dns:///{}", "ipv4:{}", "ipv4:{},127.0.0.1:1"])
def test_the_certificate_that_the_model_server_uses(ours: Certificates, form: str) -> None:
    pair = ours.issue("soon", "127.0.0.1", until=EXPIRES)
    with server(ours.ssl_config(pair)) as address:
        assert expiry(form.format(address), TlsFiles(ours.ca)) == EXPIRES.timestamp()


def test_mutual_tls_and_another_name(ours: Certificates) -> None:
    pair = ours.issue("soon", "model-server", until=EXPIRES)
    with server(ours.ssl_config(pair, clients=ours.ca)) as address:
        named = TlsFiles(ours.ca, ours.client.cert, ours.client.key, "model-server")
        assert expiry(address, named) == EXPIRES.timestamp()
        assert expiry(address, TlsFiles(ours.ca)) is None, "another name"


def test_several_addresses_count_by_the_first_to_expire(ours: Certificates) -> None:
    soon, later = ours.issue("soon", "127.0.0.1", until=EXPIRES), ours.server
    with server(ours.ssl_config(later)) as one, server(ours.ssl_config(soon)) as another:
        assert expiry(f"ipv4:{one},{another}", TlsFiles(ours.ca)) == EXPIRES.timestamp()


def test_without_a_valid_certificate_there_is_no_time(ours: Certificates, tmp_path: Path) -> None:
    tls = TlsFiles(ours.ca)
    with server(ours.ssl_config(ours.expired)) as address:
        assert expiry(address, tls) is None
        assert expiry(address, TlsFiles(Certificates(tmp_path).ca)) is None
    for address in (f"127.0.0.1:{free_port()}", "unix:/nowhere", "name.invalid:8500"):
        assert expiry(address, tls) is None


def test_the_gauge_appears_with_a_certificate_only(ours: Certificates) -> None:
    registry, name = CollectorRegistry(), "photolabel_model_server_certificate_expiry_seconds"
    pair = ours.issue("soon", "127.0.0.1", until=EXPIRES)
    with server(ours.ssl_config(pair)) as address:
        watch = certificate_watch(address, TlsFiles(ours.ca), ModelGauges(registry))
        assert registry.get_sample_value(name) is None
        watch.start()
        end = time.monotonic() + SECONDS
        while registry.get_sample_value(name) != EXPIRES.timestamp():
            assert time.monotonic() < end
            time.sleep(0.01)
        watch.close()
