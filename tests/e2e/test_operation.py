"""Publishing under load, a crash of the model server, and a clean stop."""

import os
import shutil
import signal
import time
from pathlib import Path

import httpx
import psutil
import pytest

from tests.drawing import encoded_photo
from tests.e2e.conftest import RunningStack
from tests.e2e.load import steady_load
from tests.e2e.processes import STARTERS, free_port, gateway, model_server, wait_until_ready
from tests.idx import write_fashion_mnist
from training.__main__ import main

pytestmark = [pytest.mark.e2e, pytest.mark.usefixtures("embedded_only")]

# Duration of each phase of load; to make it longer: PHOTOLABEL_LOAD_SECONDS=30 pytest …
LOAD_SECONDS = float(os.environ.get("PHOTOLABEL_LOAD_SECONDS", "1"))
MEBIBYTE = 1024 * 1024
MAX_WORKER_BYTES = 90 * MEBIBYTE


def train_and_publish(data: Path, models: Path, runs: Path) -> None:
    """Train and publish a tiny clothing model from the command line."""
    command = f"run clothing-dense128-adam --data {data} --models {models} --runs {runs}"
    options = "--publish --force --set epochs=1 --set network.units=8"
    assert main([*command.split(), *options.split()]) == 0


def test_a_version_published_under_load_takes_over_without_a_failed_request(tmp_path: Path) -> None:
    models = tmp_path / "models"
    shutil.copytree(STARTERS / "clothing", models / "clothing")
    write_fashion_mnist(tmp_path / "data", photos=200)
    with (
        model_server(models, tmp_path / "model-server.log") as (_, address),
        gateway(address, tmp_path / "gateway.log", models="clothing") as (program, url),
    ):
        wait_until_ready(url)
        # With pauses that leave the training the CPU time that it needs.
        with steady_load(
            f"{url}/v1/models/clothing:classify", encoded_photo(), clients=4, think=0.1
        ) as load:
            time.sleep(LOAD_SECONDS)
            train_and_publish(tmp_path / "data", models, tmp_path / "runs")
            end = time.monotonic() + 60
            while load.outcomes[-1].version == 1 and time.monotonic() < end:
                time.sleep(0.1)
            time.sleep(LOAD_SECONDS)
        assert "Traceback" not in program.output()
    failed = [outcome for outcome in load.outcomes if outcome.status != 200]
    print(f"{len(load.outcomes)} requests, {len(failed)} failed")
    assert not failed, failed[0]
    versions = {outcome.version for outcome in load.outcomes}
    assert versions == {1, 2}
    assert {outcome.version for outcome in load.outcomes[-10:]} == {2}


def test_requests_get_503_or_504_until_a_killed_model_server_is_back(tmp_path: Path) -> None:
    port = free_port()
    log = tmp_path / "model-server.log"
    with gateway(f"127.0.0.1:{port}", tmp_path / "gateway.log") as (program, url):
        with model_server(STARTERS, log, port) as (first, _):
            wait_until_ready(url)
            with steady_load(f"{url}/v1/models/clothing:classify", encoded_photo()) as load:
                time.sleep(LOAD_SECONDS)
                first.kill()
                time.sleep(LOAD_SECONDS)
                with model_server(STARTERS, tmp_path / "again.log", port):
                    back = time.monotonic()
                    while not [each for each in load.after(back) if each.status == 200]:
                        assert time.monotonic() < back + 5, "not back within 5 s"
                        time.sleep(0.05)
                    found = time.monotonic()
                    time.sleep(LOAD_SECONDS)
                    outcomes = list(load.outcomes)
        assert "Traceback" not in program.output()
    assert {outcome.status for outcome in outcomes} <= {200, 503, 504}
    refused = [outcome for outcome in outcomes if outcome.status != 200]
    assert refused
    assert all(outcome.retry_after for outcome in refused)
    assert all(outcome.status == 200 for outcome in outcomes[-20:])
    print(f"{len(outcomes)} requests, {len(refused)} answered 503 or 504")
    print(f"answered again {found - back:.2f} s after the model server listened")


def test_a_worker_uses_little_memory_and_stops_after_its_last_response(
    tmp_path: Path, stack: RunningStack
) -> None:
    with gateway(stack.address, tmp_path / "gateway.log") as (program, url):
        wait_until_ready(url)
        for name in ("clothing", "cats-dogs"):
            for size in ((600, 800), (4032, 3024)):
                photo = encoded_photo("JPEG", size)
                path = f"/v1/models/{name}:classify"
                assert httpx.post(url + path, content=photo, timeout=30).status_code == 200
        workers = psutil.Process(program.process.pid).children()
        sizes = sorted(worker.memory_info().rss for worker in workers)
        print("worker memory:", ", ".join(f"{size / MEBIBYTE:.0f} MiB" for size in sizes))
        assert len(sizes) == 2
        assert sizes[-1] <= MAX_WORKER_BYTES
        with steady_load(f"{url}/v1/models/clothing:classify", encoded_photo()) as load:
            while len(load.outcomes) < 20:
                time.sleep(0.01)
            program.process.send_signal(signal.SIGTERM)
            assert program.process.wait(30) == 0
        answered = [outcome for outcome in load.outcomes if outcome.status]
        assert all(outcome.status == 200 for outcome in answered)
        cut_off = [each.body for each in load.outcomes if "RemoteProtocolError" in each.body]
        assert not cut_off, "an accepted request gets its response"
        assert "Traceback" not in program.output()
