"""Certificates that change while the gateway runs: good ones are followed, bad ones are not."""

import shutil
import threading
import time
from pathlib import Path

import pytest

from serving.deadline import Deadline
from serving.gateway.model_client.channel import LOOK_SECONDS, FollowingChannel
from serving.gateway.model_client.client import ModelServer
from serving.protos import GetModelStatusRequest, ModelServiceStub
from serving.tls.certificates import TlsError, TlsFiles
from serving.tls.ssl_config import server_credentials
from tests.serving.certificates import Certificates, Pair
from tests.serving.gateway.model_client.test_channel import TIMEOUT_SECONDS, server
from tests.serving.scripted import Script, serve


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return Certificates(tmp_path_factory.mktemp("ours"))


@pytest.fixture(scope="module")
def theirs(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return Certificates(tmp_path_factory.mktemp("theirs"))


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def _use(pair: Pair, folder: Path) -> tuple[Path, Path]:
    cert, key = folder / "tls.crt", folder / "tls.key"
    shutil.copyfile(pair.cert, cert)
    shutil.copyfile(pair.key, key)
    return cert, key


def test_changed_certificates_are_followed_and_bad_ones_are_not(
    ours: Certificates, theirs: Certificates, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    cert, key = _use(ours.client, tmp_path)
    clock = Clock()
    with server(ours.ssl_config(clients=ours.ca)) as address:
        channel = FollowingChannel(address, TlsFiles(ours.ca, cert, key), clock=clock)
        first = channel.current()
        shutil.copyfile(theirs.client.key, key)
        assert channel.current() is first, "not looked at for every call"
        clock.now += LOOK_SECONDS
        assert channel.current() is first
        assert "invalid" in caplog.text
        _use(ours.issue("again", "gateway"), tmp_path)
        clock.now += LOOK_SECONDS
        second = channel.current()
        assert second is not first
        for each in (first, second):
            assert ModelServiceStub(each).GetModelStatus(
                GetModelStatusRequest(), timeout=TIMEOUT_SECONDS
            )
            each.close()


def test_a_worker_starts_though_the_files_are_no_good_now(
    ours: Certificates, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    ca = tmp_path / "ca.crt"
    shutil.copyfile(ours.ca, ca)
    tls = TlsFiles(ca)
    before = tls.read()
    ca.write_text("half a certif")
    with server(ours.ssl_config()) as address:
        model_server = ModelServer(address, tls, before)
        assert model_server.states("m", Deadline(TIMEOUT_SECONDS))
        model_server.close()
        with pytest.raises(TlsError):
            ModelServer(address, tls)
    assert "invalid" in caplog.text


def test_a_call_under_way_outlives_a_change_of_certificates(ours: Certificates) -> None:
    script = Script()
    running, port = serve(script, 0, server_credentials(ours.ssl_config()))
    script.delay = 0.5
    clock = Clock()
    channel = FollowingChannel(f"127.0.0.1:{port}", TlsFiles(ours.ca), clock=clock)
    results: list[object] = []

    def ask() -> None:
        stub = ModelServiceStub(channel.current())
        results.append(stub.GetModelStatus(GetModelStatusRequest(), timeout=TIMEOUT_SECONDS))

    caller = threading.Thread(target=ask)
    caller.start()
    while not script.requests:
        time.sleep(0.01)
    ours.ca.touch()
    clock.now += LOOK_SECONDS
    channel.current()
    caller.join()
    assert len(results) == 1
    channel.close()
    running.stop(0).wait()
