"""Draining, on the real gateway: readiness fails first, and nothing taken on is cut off."""

import signal
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import httpx
import psutil
import pytest

from serving.gateway.server.gunicorn_app import CLOSE_SECONDS
from tests.drawing import encoded_photo
from tests.e2e.processes import STOP_SECONDS, Program, gateway, wait_until_ready
from tests.serving.collector import collector
from tests.serving.scripted import Script, serve

pytestmark = [pytest.mark.integration, pytest.mark.e2e]

CLASSIFY = "/v1/models/clothing:classify"
LONG = "600"  # Seconds of delay that no test waits for.


@contextmanager
def running(folder: Path, script: Script, **settings: str) -> Iterator[tuple[Program, str]]:
    server, port = serve(script)
    with gateway(f"127.0.0.1:{port}", folder / "log", models="clothing", **settings) as (
        program,
        url,
    ):
        wait_until_ready(url)
        yield program, url
        assert "Traceback" not in program.output()
    server.stop(0).wait()


def drain(program: Program, url: str) -> None:
    """Send SIGTERM and wait until readiness fails."""
    program.process.send_signal(signal.SIGTERM)
    program.wait_for(lambda: httpx.get(f"{url}/readyz").status_code == 503, "readiness fails")


def test_in_the_delay_readiness_fails_and_requests_are_answered(tmp_path: Path) -> None:
    with running(tmp_path, Script(), drain_delay=LONG) as (program, url):
        with httpx.Client(base_url=url) as kept:
            assert kept.get("/livez").headers["Connection"] == "keep-alive"
            drain(program, url)
            for _ in range(8):  # New connections, so that both workers answer.
                answer = httpx.get(f"{url}/readyz")
                assert answer.status_code == 503
                assert answer.json()["models"][0]["state"] == "draining"
                assert httpx.post(url + CLASSIFY, content=encoded_photo()).status_code == 200
            last = kept.post(CLASSIFY, content=encoded_photo())
            assert last.status_code == 200
            assert last.headers["Connection"] == "close"
        for worker in psutil.Process(program.process.pid).children():
            worker.kill()
        assert httpx.get(f"{url}/livez", timeout=30).status_code == 200, "the dead are replaced"
        program.process.send_signal(signal.SIGTERM)
        assert program.process.wait(STOP_SECONDS) == 0, "a second signal ends the delay"


def test_the_delay_ends_by_itself_and_what_was_taken_on_is_answered(tmp_path: Path) -> None:
    script = Script()
    with running(tmp_path, script, drain_delay="0.2") as (program, url):
        script.delay = 1.0
        with ThreadPoolExecutor(1) as client:
            asked = len(script.photos)
            slow = client.submit(httpx.post, url + CLASSIFY, content=encoded_photo(), timeout=30)
            program.wait_for(lambda: len(script.photos) > asked, "the model server is asked")
            program.process.send_signal(signal.SIGTERM)
            assert slow.result().status_code == 200
            # The worker must not wait for this client's next request.
            assert slow.result().headers["Connection"] == "close"
        assert program.process.wait(STOP_SECONDS) == 0
        with pytest.raises(httpx.ConnectError):
            httpx.get(f"{url}/livez")


@pytest.mark.parametrize("hurry", [signal.SIGINT, signal.SIGQUIT])
def test_a_quick_stop_needs_no_delay(tmp_path: Path, hurry: signal.Signals) -> None:
    with running(tmp_path, Script(), drain_delay=LONG) as (program, url):
        drain(program, url)
        program.process.send_signal(hurry)
        assert program.process.wait(STOP_SECONDS) == 0


def test_an_interrupt_starts_no_delay(tmp_path: Path) -> None:
    with running(tmp_path, Script(), drain_delay=LONG) as (program, _):
        program.process.send_signal(signal.SIGINT)
        assert program.process.wait(STOP_SECONDS) == 0


@pytest.fixture
def no_export_before_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "600000")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "600")


@pytest.mark.usefixtures("no_export_before_the_end")
@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_the_last_spans_of_a_worker_are_exported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: signal.Signals
) -> None:
    with collector() as (endpoint, spans):
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint)
        with running(tmp_path, Script()) as (program, url):
            for _ in range(3):
                assert httpx.post(url + CLASSIFY, content=encoded_photo()).status_code == 200
            assert not spans
            program.process.send_signal(how)
            assert program.process.wait(STOP_SECONDS) == 0
    assert [span.name for span in spans].count("classify") == 3


@pytest.mark.usefixtures("no_export_before_the_end")
def test_a_collector_that_does_not_answer_delays_the_end_by_seconds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setenv(
            "OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{silent.getsockname()[1]}"
        )
        with running(tmp_path, Script()) as (program, url):
            assert httpx.post(url + CLASSIFY, content=encoded_photo()).status_code == 200
            begun = time.monotonic()
            program.process.send_signal(signal.SIGTERM)
            assert program.process.wait(STOP_SECONDS) == 0
            assert time.monotonic() - begun < CLOSE_SECONDS + 8
