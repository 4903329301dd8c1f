"""Metrics, logs and traces of the real gateway: gunicorn with two workers before a scripted server.

Counts are exact: across workers, and across the death of one.
"""

import contextlib
import json
import os
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import psutil
import pytest

from serving.gateway.telemetry.worker_metrics import SHARED_MEMORY
from tests.drawing import encoded_photo
from tests.e2e.processes import Program, free_port, gateway
from tests.serving.collector import collector
from tests.serving.numbers import Numbers, read_numbers, total, values_of
from tests.serving.scripted import Script, serve

pytestmark = [pytest.mark.integration, pytest.mark.e2e]

CLASSIFY = "/v1/models/clothing:classify"
HOSTILE = ["nobody", "a\nINFO forged", 'x"} 1\nphotolabel_photos_total 9', "\x1b[31m", "ÿ" * 500]
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


@dataclass(frozen=True)
class Gateway:
    """A running gateway, its metrics on a port of their own."""

    program: Program
    url: str
    metrics_url: str
    script: Script
    spans: list[Any]

    def numbers(self) -> Numbers:
        return read_numbers(httpx.get(self.metrics_url).text)

    def workers(self) -> set[int]:
        return {child.pid for child in psutil.Process(self.program.process.pid).children()}

    def records(self) -> list[dict[str, Any]]:
        """Return the log; every line of it is JSON."""
        return [json.loads(line) for line in self.program.output().splitlines()]


def until(condition: Callable[[], object], seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


def end(running: Gateway, workers: set[int], how: signal.Signals) -> None:
    """Send workers a signal that ends them; wait for those that follow."""
    for worker in workers:
        psutil.Process(worker).send_signal(how)
    until(lambda: len(running.workers()) == 2 and not running.workers() & workers)


def folders(program: Program) -> list[Path]:
    """Return the folders of a gateway's metrics; other gateways may run on this machine."""
    return list(SHARED_MEMORY.glob(f"photolabel-metrics-{program.process.pid}-*"))


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    script, port = Script(), free_port()
    server, server_port = serve(script)
    log = tmp_path_factory.mktemp("gateway") / "log"
    with collector() as (endpoint, spans), pytest.MonkeyPatch.context() as patch:
        patch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint)
        patch.setenv("OTEL_BSP_SCHEDULE_DELAY", "200")
        settings = {
            "models": "clothing",
            "metrics_bind": f"127.0.0.1:{port}",
            "log_format": "json",
            "max_in_flight": "64",
        }
        with gateway(f"127.0.0.1:{server_port}", log, **settings) as (program, url):
            metrics_url = f"http://127.0.0.1:{port}/metrics"
            yield Gateway(program, url, metrics_url, script, spans)
    server.stop(0).wait()


def send(running: Gateway, sent: Counter[tuple[str, int]], rounds: int) -> None:
    """Send requests of every kind from eight clients at once; count them by model and status."""
    photo, damaged = encoded_photo(), b"\xff\xd8\xff damaged"
    requests = [("clothing", photo), ("clothing", damaged), ("clothing", b"")]
    requests += [(name, photo) for name in HOSTILE]

    def post(request: tuple[str, bytes]) -> tuple[str, int]:
        name, body = request
        url = f"{running.url}/v1/models/{quote(name, safe='')}:classify"
        status = httpx.post(url, content=body, timeout=30).status_code
        return (name if name == "clothing" else "unknown", status)

    with ThreadPoolExecutor(8) as clients:
        sent.update(clients.map(post, requests * rounds))


def check(numbers: Numbers, sent: Counter[tuple[str, int]]) -> None:
    for (model, status), count in sent.items():
        labels = {"route": "classify", "model": model, "status": str(status)}
        assert total(numbers, "photolabel_requests_total", **labels) == count
    good = sent["clothing", 200]
    timed = total(numbers, "photolabel_request_seconds_count", route="classify")
    assert timed == sum(sent.values())
    assert total(numbers, "photolabel_photos_total", version="7") == good
    assert total(numbers, "photolabel_confidence_count", predicted="dog") == good
    assert total(numbers, "photolabel_stage_seconds_count", stage="predict") == good
    assert values_of(numbers, "model") == {"clothing", "unknown", ""}
    assert total(numbers, "photolabel_requests_in_flight") == 0


def test_counts_are_exact_across_workers_and_their_deaths(running: Gateway) -> None:
    sent: Counter[tuple[str, int]] = Counter()

    def who_answered() -> set[int]:
        return {each["process"] for each in running.records() if each.get("route") == "classify"}

    while len(who_answered()) < 2:
        send(running, sent, 5)
    check(running.numbers(), sent)
    for how in (signal.SIGKILL, signal.SIGTERM, signal.SIGKILL):
        end(running, {next(iter(running.workers()))}, how)
        until(lambda: httpx.get(f"{running.url}/livez").status_code == 200)
        check(running.numbers(), sent)
        while not who_answered() >= running.workers():
            send(running, sent, 5)
        check(running.numbers(), sent)
    assert {status for _, status in sent} == {200, 400, 404, 422}


def test_what_a_dead_worker_had_in_flight_is_forgotten(running: Gateway) -> None:
    running.script.delay = 20
    with ThreadPoolExecutor(8) as clients:
        for _ in range(8):
            clients.submit(_post_quietly, running.url + CLASSIFY)
        name = "photolabel_requests_in_flight"
        until(lambda: total(running.numbers(), name) == 8)
        end(running, running.workers(), signal.SIGKILL)
    running.script.delay = 0
    assert total(running.numbers(), name) == 0


def _post_quietly(url: str) -> None:
    with contextlib.suppress(httpx.TransportError):
        httpx.post(url, content=encoded_photo(), timeout=30)


def test_metrics_have_their_port_and_only_that(running: Gateway) -> None:
    assert httpx.get(f"{running.url}/metrics").status_code == 404
    assert httpx.get(running.metrics_url.replace("/metrics", "/v1/models")).status_code == 404
    assert httpx.get(running.metrics_url).headers["Content-Type"].startswith("text/plain")


def test_every_line_of_the_log_is_json_and_none_is_forged(running: Gateway) -> None:
    send(running, Counter(), 1)
    records = running.records()
    asked = {each["path"] for each in records if each["logger"] == "photolabel.requests"}
    assert {f"/v1/models/{name}:classify" for name in HOSTILE} <= asked
    assert any(each["logger"] == "gunicorn.error" for each in records)
    assert all(each["level"] and each["time"] and each["process"] for each in records)


def test_the_id_and_the_trace_reach_the_model_server_and_the_collector(running: Gateway) -> None:
    headers = {"X-Request-ID": "from-the-app", "traceparent": f"00-{TRACE}-{'1' * 16}-01"}
    answer = httpx.post(running.url + CLASSIFY, content=encoded_photo(), headers=headers)
    assert answer.headers["X-Request-ID"] == "from-the-app"
    calls = [each for each in running.script.metadata if each.get("x-request-id") == "from-the-app"]
    until(lambda: {"classify", "predict"} <= {span.name for span in _spans(running)})
    spans = {span.name: span for span in _spans(running)}
    assert spans.keys() == {"classify", "upload", "queue", "decode", "predict"}
    assert spans["classify"].parent_span_id.hex() == "1" * 16
    assert calls[-1]["traceparent"] == f"00-{TRACE}-{spans['predict'].span_id.hex()}-01"


def _spans(running: Gateway) -> list[Any]:
    return [span for span in running.spans if span.trace_id.hex() == TRACE]


def test_the_main_port_shows_all_workers_too_and_nothing_is_left(tmp_path: Path) -> None:
    script = Script()
    server, port = serve(script)
    with gateway(f"127.0.0.1:{port}", tmp_path / "log", models="clothing") as (program, url):
        assert len(folders(program)) == 1
        with ThreadPoolExecutor(8) as clients:
            list(clients.map(lambda _: httpx.get(f"{url}/v1/models"), range(40)))
        # Whichever worker is asked.
        for _ in range(10):
            numbers = read_numbers(httpx.get(f"{url}/metrics").text)
            assert total(numbers, "photolabel_requests_total", route="models") == 40
    assert not folders(program)
    assert program.process.returncode == 0
    assert "Traceback" not in program.output()
    server.stop(0).wait()


def test_a_port_in_use_is_a_one_line_error(tmp_path: Path, running: Gateway) -> None:
    bind = running.metrics_url.removeprefix("http://").removesuffix("/metrics")
    environment = {
        "PHOTOLABEL_BIND": f"127.0.0.1:{free_port()}",
        "PHOTOLABEL_METRICS_BIND": bind,
    }
    program = Program("serving", log=tmp_path / "log", **environment)
    assert program.process.wait(60) == 1
    expected = f"photolabel: metrics can't be shown on {bind}: {os.strerror(98)}"
    assert program.output().splitlines() == [expected]
    assert not folders(program)
