"""The channel over real connections: TLS of every kind, changed certificates, servers that go."""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from serving.deadline import Deadline
from serving.gateway.model_client.client import ModelServer
from serving.gateway.model_client.model_ref import ModelRef
from serving.http_errors import ModelServerUnavailable
from serving.tls.certificates import TlsFiles
from serving.tls.ssl_config import server_credentials
from tests.serving.certificates import SERVER_NAME, Certificates
from tests.serving.scripted import Script, serve

PIXELS = np.zeros((1, 4, 5, 3), np.uint8)
TIMEOUT_SECONDS = 20.0


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return Certificates(tmp_path_factory.mktemp("ours"))


@pytest.fixture(scope="module")
def theirs(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return Certificates(tmp_path_factory.mktemp("theirs"))


@contextmanager
def server(config: Path | None = None, port: int = 0) -> Iterator[str]:
    """Run a server, with TLS by an SSLConfig; yield its address."""
    credentials = server_credentials(config) if config else None
    running, port = serve(Script(), port, credentials)
    try:
        yield f"127.0.0.1:{port}"
    finally:
        running.stop(0).wait()


@contextmanager
def client(address: str, tls: TlsFiles | None) -> Iterator[ModelServer]:
    model_server = ModelServer(address, tls)
    try:
        yield model_server
    finally:
        model_server.close()


def answers(address: str, tls: TlsFiles | None) -> bool:
    with client(address, tls) as model_server:
        return model_server.predict(ModelRef("m"), PIXELS, Deadline(TIMEOUT_SECONDS)).version == 7


def test_the_proxy_of_the_environment_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("grpc_proxy", "https_proxy", "http_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in ("no_grpc_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    with server() as address:
        assert answers(address, None)


def test_tls_and_mutual_tls(ours: Certificates) -> None:
    with server(ours.ssl_config()) as address:
        assert answers(address, TlsFiles(ours.ca))
        assert answers(address, TlsFiles(ours.ca, server_name=SERVER_NAME))
    with server(ours.ssl_config(clients=ours.ca)) as address:
        assert answers(address, TlsFiles(ours.ca, ours.client.cert, ours.client.key))


@pytest.mark.parametrize(
    ("fault", "hint"),
    [
        ("wrong authority", "CERTIFICATE_VERIFY_FAILED"),
        ("expired", "expired"),
        ("wrong name", "for another name"),
        ("no client certificate", "may want a certificate"),
        ("client of another authority", "may want a certificate"),
        ("plaintext to TLS", "may speak TLS"),
        ("TLS to plaintext", "seems to speak plaintext"),
    ],
)
def test_what_does_not_fit_is_unavailable_and_the_log_says_why(
    ours: Certificates,
    theirs: Certificates,
    caplog: pytest.LogCaptureFixture,
    fault: str,
    hint: str,
) -> None:
    config, tls = _misfit(fault, ours, theirs)
    with server(config) as address, client(address, tls) as model_server:
        for _ in range(3):
            with pytest.raises(ModelServerUnavailable):
                model_server.states("m", Deadline(TIMEOUT_SECONDS))
    (line,) = [
        each.getMessage()
        for each in caplog.records
        if each.name == "serving.gateway.model_client.circuit_breaker"
    ]
    assert hint in line
    assert address in line


def _misfit(
    fault: str, ours: Certificates, theirs: Certificates
) -> tuple[Path | None, TlsFiles | None]:
    """Return the server's configuration and the client's files."""
    foreign = TlsFiles(ours.ca, theirs.client.cert, theirs.client.key)
    if fault == "expired":
        return ours.ssl_config(ours.expired), TlsFiles(ours.ca)
    if fault == "no client certificate":
        return ours.ssl_config(clients=ours.ca), TlsFiles(ours.ca)
    if fault == "client of another authority":
        return ours.ssl_config(clients=ours.ca), foreign
    if fault == "TLS to plaintext":
        return None, TlsFiles(ours.ca)
    tls = {
        "wrong authority": TlsFiles(theirs.ca),
        "wrong name": TlsFiles(ours.ca, server_name="another"),
        "plaintext to TLS": None,
    }
    return ours.ssl_config(), tls[fault]


def test_an_outage_is_logged_once_and_so_is_its_end(caplog: pytest.LogCaptureFixture) -> None:
    with server() as address, client(address, None) as model_server, caplog.at_level(logging.INFO):
        model_server.states("m", Deadline(TIMEOUT_SECONDS))
    assert not caplog.records
    with client(address, None) as model_server, caplog.at_level(logging.INFO):
        for _ in range(3):
            with pytest.raises(ModelServerUnavailable):
                model_server.states("m", Deadline(TIMEOUT_SECONDS))
        with server(port=int(address.rpartition(":")[2])):
            _wait_for_answer(model_server)
    logged = [record.getMessage() for record in caplog.records]
    assert len(logged) == 2
    assert "Connection refused" in logged[0]
    assert "answers again" in logged[1]


def _wait_for_answer(model_server: ModelServer) -> None:
    end = time.monotonic() + TIMEOUT_SECONDS
    while True:
        try:
            model_server.states("m", Deadline(TIMEOUT_SECONDS))
        except ModelServerUnavailable:
            assert time.monotonic() < end
            time.sleep(0.02)
        else:
            return


@pytest.mark.parametrize("encrypted", [False, True], ids=["plaintext", "TLS"])
def test_one_of_two_servers_goes_and_comes_and_no_call_fails(
    ours: Certificates, encrypted: bool
) -> None:
    config = ours.ssl_config() if encrypted else None
    credentials = server_credentials(config) if config else None
    scripts = Script(), Script()
    servers = [serve(script, 0, credentials) for script in scripts]
    address = "ipv4:" + ",".join(f"127.0.0.1:{port}" for _, port in servers)
    tls = TlsFiles(ours.ca, server_name=SERVER_NAME) if encrypted else None
    with client(address, tls) as model_server:
        _call_until(model_server, lambda: all(script.requests for script in scripts))
        servers[0][0].stop(0).wait()
        asked = len(scripts[1].requests)
        _call_until(model_server, lambda: len(scripts[1].requests) > asked + 100)
        scripts[0].requests.clear()
        servers[0] = serve(scripts[0], servers[0][1], credentials)
        _call_until(model_server, lambda: bool(scripts[0].requests))
    for each, _ in servers:
        each.stop(0).wait()


def _call_until(model_server: ModelServer, condition: Callable[[], bool]) -> None:
    """Call again and again; every call has to be answered."""
    end = time.monotonic() + TIMEOUT_SECONDS
    while not condition():
        assert time.monotonic() < end
        model_server.predict(ModelRef("m"), PIXELS, Deadline(TIMEOUT_SECONDS))
