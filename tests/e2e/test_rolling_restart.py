"""Restarts of workers, gateways and model servers under load, unnoticed by clients.

PHOTOLABEL_LOAD_SECONDS sets for how long they are repeated.
"""

import contextlib
import os
import shutil
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import psutil
import pytest

from client import Photolabel, PhotolabelError
from tests.drawing import encoded_photo
from tests.e2e.balancer import Balancer, balancer
from tests.e2e.conftest import RunningStack
from tests.e2e.load import Load, Outcome, steady_load
from tests.e2e.processes import (
    STARTERS,
    Program,
    free_port,
    gateway,
    model_server,
    wait_until_ready,
)
from tests.serving.certificates import Certificates

pytestmark = [pytest.mark.e2e, pytest.mark.usefixtures("embedded_only")]

# How long restarts are repeated, at least once each: PHOTOLABEL_LOAD_SECONDS=30 pytest …
LOAD_SECONDS = float(os.environ.get("PHOTOLABEL_LOAD_SECONDS", "1"))
CLASSIFY = "/v1/models/clothing:classify"
THINK_SECONDS = 0.1  # Processes start all the time, and importing TensorFlow takes CPU time.
# Longer than the balancer takes to notice, even on a busy machine.
DRAIN_DELAY = "2"


@pytest.fixture
def address(stack: RunningStack) -> str:
    """Return the address of a model server that is not restarted."""
    return stack.address


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with one model, so that model servers start fast."""
    folder = tmp_path_factory.mktemp("models")
    shutil.copytree(STARTERS / "clothing", folder / "clothing")
    return folder


def rounds() -> Iterator[int]:
    """Count rounds for as long as the load lasts, at least one."""
    end = time.monotonic() + LOAD_SECONDS
    done = 0
    while done == 0 or time.monotonic() < end:
        yield done
        done += 1
    print(f"{done} rounds of restarts")


def workers(program: Program) -> set[int]:
    return {child.pid for child in psutil.Process(program.process.pid).children()}


def all_replaced(program: Program, old: set[int]) -> bool:
    """Return whether a gateway has two workers, none of them an old one."""
    return len(workers(program)) == 2 and not old & workers(program)


def answered_since(load: Load, moment: float) -> bool:
    return any(outcome.status == 200 for outcome in load.after(moment))


def failures(load: Load) -> list[Outcome]:
    """Print the counts and return what failed."""
    statuses = Counter(outcome.status for outcome in load.outcomes)
    print(f"{len(load.outcomes)} requests, by status {dict(statuses)}")
    assert len(load.outcomes) > 20
    return [outcome for outcome in load.outcomes if outcome.status != 200]


def test_sighup_replaces_the_workers_without_a_failed_request(tmp_path: Path, address: str) -> None:
    with gateway(address, tmp_path / "log", models="clothing") as (program, url):
        wait_until_ready(url)
        with steady_load(url + CLASSIFY, encoded_photo(), 2, 2, THINK_SECONDS) as load:
            for _ in rounds():
                old = workers(program)
                program.process.send_signal(signal.SIGHUP)
                program.wait_for(partial(all_replaced, program, old), "all workers are new")
            answered = len(load.outcomes)
            program.wait_for(lambda: len(load.outcomes) > answered + 20, "the new ones answer")
        assert "Traceback" not in program.output()
    assert not failures(load)


def test_gateways_are_replaced_without_a_failed_request(tmp_path: Path, address: str) -> None:
    with contextlib.ExitStack() as stack, balancer() as front:
        names = (f"gateway-{number}.log" for number in range(10**6))

        def start() -> tuple[Program, str]:
            settings = {"models": "clothing", "drain_delay": DRAIN_DELAY}
            program, url = stack.enter_context(gateway(address, tmp_path / next(names), **settings))
            front.add(url)
            program.wait_for(lambda: front.routes_to(url), "the balancer routes to it")
            return program, url

        running = [start(), start()]
        with steady_load(front.url + CLASSIFY, encoded_photo(), 2, 2, THINK_SECONDS) as load:
            for _ in rounds():
                running.append(start())
                replace_oldest(running, front)
        for file in tmp_path.iterdir():
            assert "Traceback" not in file.read_text()
    assert not failures(load)


def replace_oldest(running: list[tuple[Program, str]], front: Balancer) -> None:
    """Stop the oldest gateway, which drains first."""
    program, url = running.pop(0)
    assert program.stop() == 0
    front.remove(url)


def connected(program: Program, port: int) -> bool:
    """Return whether every worker of a gateway is connected to a port."""
    return all(
        any(
            connection.raddr and connection.raddr.port == port
            for connection in psutil.Process(worker).net_connections("tcp")
            if connection.status == psutil.CONN_ESTABLISHED
        )
        for worker in workers(program)
    )


def test_two_model_servers_are_replaced_one_after_the_other(tmp_path: Path, models: Path) -> None:
    """The first one stops cleanly, the second one is killed with calls in flight."""
    ports = [free_port(), free_port()]
    address = "ipv4:" + ",".join(f"127.0.0.1:{port}" for port in ports)
    with contextlib.ExitStack() as stack:

        def start(port: int) -> Program:
            log = tmp_path / f"{port}.log"
            return stack.enter_context(model_server(models, log, port))[0]

        servers = {port: start(port) for port in ports}
        program, url = stack.enter_context(
            gateway(address, tmp_path / "gateway.log", models="clothing")
        )
        wait_until_ready(url)
        with steady_load(url + CLASSIFY, encoded_photo(), 2, 2, THINK_SECONDS) as load:
            for _ in rounds():
                for port in ports:
                    if port == ports[0]:
                        assert servers[port].stop() == 0
                    else:
                        servers[port].kill()
                    servers[port].log.unlink()
                    servers[port] = start(port)
                    program.wait_for(partial(connected, program, port), "all are connected")
        assert "Traceback" not in program.output()
    assert not failures(load)


def test_client_retries_hide_a_restart_of_the_only_model_server(
    tmp_path: Path, models: Path
) -> None:
    """With mutual TLS, so that reconnecting over TLS is tested too."""
    certificates, port = Certificates(tmp_path / "certificates"), free_port()
    flags = "--ssl_config_file", str(certificates.ssl_config(clients=certificates.ca))
    tls = {
        "model_server_ca_file": str(certificates.ca),
        "model_server_cert_file": str(certificates.client.cert),
        "model_server_key_file": str(certificates.client.key),
    }
    with contextlib.ExitStack() as stack:

        def start(number: int) -> Program:
            log = tmp_path / f"model-server-{number}.log"
            return stack.enter_context(model_server(models, log, port, *flags))[0]

        server = start(0)
        program, url = stack.enter_context(
            gateway(f"127.0.0.1:{port}", tmp_path / "gateway.log", models="clothing", **tls)
        )
        wait_until_ready(url)
        with (
            steady_load(url + CLASSIFY, encoded_photo(), 2, 0, THINK_SECONDS) as load,
            retrying_clients(url) as received,
        ):
            for number in rounds():
                assert server.stop() == 0
                server = start(number + 1)
                back = time.monotonic()
                program.wait_for(partial(answered_since, load, back), "it answers again")
                print(f"answered again {time.monotonic() - back:.2f} s after it listened")
                program.wait_for(partial(received.has, len(received.labels) + 4), "results")
        assert "Traceback" not in program.output()
    refused = failures(load)
    assert refused
    assert {outcome.status for outcome in refused} == {503}
    assert all(outcome.retry_after for outcome in refused)
    print(f"the client library: {len(received.labels)} results, {len(received.errors)} errors")
    assert received.labels
    assert not received.errors


class Received:
    """What the users of the client library have received."""

    def __init__(self) -> None:
        self.labels: list[str] = []
        self.errors: list[PhotolabelError] = []

    def has(self, results: int) -> bool:
        return len(self.labels) >= results


@contextlib.contextmanager
def retrying_clients(url: str, clients: int = 2) -> Iterator[Received]:
    """Classify with the client library, which retries when the gateway says so."""
    received, stop, photo = Received(), threading.Event(), encoded_photo()

    def run() -> None:
        with Photolabel(url, timeout=60) as photolabel:
            while not stop.is_set():
                try:
                    received.labels.append(photolabel.classify(photo, model="clothing").label)
                except PhotolabelError as error:
                    received.errors.append(error)
                stop.wait(THINK_SECONDS)

    threads = [threading.Thread(target=run) for _ in range(clients)]
    for thread in threads:
        thread.start()
    try:
        yield received
    finally:
        stop.set()
        for thread in threads:
            thread.join(90)
