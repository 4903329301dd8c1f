"""Restarts under load: of the gateway's workers, of gateways, of model servers. Nobody notices.

PHOTOLABEL_LOAD_SECONDS makes them go on longer.
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

from client import Client, ClientError
from tests.drawing import encoded_photo
from tests.e2e.balancer import Balancer, balancer
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

# How long restarts go on, each at least once: PHOTOLABEL_LOAD_SECONDS=30 pytest …
LOAD_SECONDS = float(os.environ.get("PHOTOLABEL_LOAD_SECONDS", "3"))
CLASSIFY = "/v1/models/clothing:classify"
THINK_SECONDS = 0.1  # Programs start all the time, and TensorFlow takes its share to do so.
# Longer than the balancer takes to see it, even on a busy machine.
DRAIN_DELAY = "2"


@pytest.fixture(scope="module")
def lasting(models: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Run a model server that stays; yield its address."""
    with model_server(models, tmp_path_factory.mktemp("lasting") / "log") as (_, address):
        yield address


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with one model, so that a model server starts fast."""
    folder = tmp_path_factory.mktemp("models")
    shutil.copytree(STARTERS / "clothing", folder / "clothing")
    return folder


def rounds() -> Iterator[int]:
    """Count rounds for as long as the load is to last, one at least."""
    end = time.monotonic() + LOAD_SECONDS
    done = 0
    while done == 0 or time.monotonic() < end:
        yield done
        done += 1
    print(f"{done} rounds of restarts")


def workers(program: Program) -> set[int]:
    return {child.pid for child in psutil.Process(program.process.pid).children()}


def renewed(program: Program, old: set[int]) -> bool:
    """Return whether a gateway has its two workers, and none of the old ones."""
    return len(workers(program)) == 2 and not old & workers(program)


def answered_since(load: Load, moment: float) -> bool:
    return any(outcome.status == 200 for outcome in load.after(moment))


def failures(load: Load) -> list[Outcome]:
    """Print the counts and return what failed."""
    statuses = Counter(outcome.status for outcome in load.outcomes)
    print(f"{len(load.outcomes)} requests, by status {dict(statuses)}")
    assert len(load.outcomes) > 20
    return [outcome for outcome in load.outcomes if outcome.status != 200]


def test_workers_are_replaced_by_a_hangup(tmp_path: Path, lasting: str) -> None:
    with gateway(lasting, tmp_path / "log", models="clothing") as (program, url):
        wait_until_ready(url)
        with steady_load(url + CLASSIFY, encoded_photo(), 2, 2, THINK_SECONDS) as load:
            for _ in rounds():
                old = workers(program)
                program.process.send_signal(signal.SIGHUP)
                program.wait_for(partial(renewed, program, old), "all workers are new")
            answered = len(load.outcomes)
            program.wait_for(lambda: len(load.outcomes) > answered + 20, "the new ones answer")
        assert "Traceback" not in program.output()
    assert not failures(load)


def test_gateways_are_replaced_behind_a_balancer(tmp_path: Path, lasting: str) -> None:
    with contextlib.ExitStack() as stack, balancer() as front:
        names = (f"gateway-{number}.log" for number in range(10**6))

        def start() -> tuple[Program, str]:
            settings = {"models": "clothing", "drain_delay": DRAIN_DELAY}
            program, url = stack.enter_context(gateway(lasting, tmp_path / next(names), **settings))
            front.add(url)
            program.wait_for(lambda: front.leads_to(url), "the balancer leads to it")
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
    """Let the oldest gateway drain and end."""
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


def test_one_of_two_model_servers_is_replaced_after_the_other(tmp_path: Path, models: Path) -> None:
    """The first one stops as it should, the second one dies with calls under way."""
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
                    program.wait_for(partial(connected, program, port), "all workers meet it")
        assert "Traceback" not in program.output()
    assert not failures(load)


def test_the_only_model_server_is_replaced_and_retries_hide_it(
    tmp_path: Path, models: Path
) -> None:
    """With mutual TLS, so that reconnecting is seen with it too."""
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
            patient(url) as seen,
        ):
            for number in rounds():
                assert server.stop() == 0
                server = start(number + 1)
                back = time.monotonic()
                program.wait_for(partial(answered_since, load, back), "it answers again")
                print(f"answered again {time.monotonic() - back:.2f} s after it listened")
                program.wait_for(partial(seen.has, len(seen.answers) + 4), "users get answers")
        assert "Traceback" not in program.output()
    refused = failures(load)
    assert refused
    assert {outcome.status for outcome in refused} == {503}
    assert all(outcome.retry_after for outcome in refused)
    print(f"through the client library: {len(seen.answers)} answers, {len(seen.errors)} errors")
    assert seen.answers
    assert not seen.errors


class Seen:
    """What users of the client library have seen."""

    def __init__(self) -> None:
        self.answers: list[str] = []
        self.errors: list[ClientError] = []

    def has(self, answers: int) -> bool:
        return len(self.answers) >= answers


@contextlib.contextmanager
def patient(url: str, clients: int = 2) -> Iterator[Seen]:
    """Classify by the client library, which tries again where the gateway says so."""
    seen, over, photo = Seen(), threading.Event(), encoded_photo()

    def run() -> None:
        with Client(url, timeout=60) as client:
            while not over.is_set():
                try:
                    seen.answers.append(client.classify("clothing", photo).predictions[0].label)
                except ClientError as error:
                    seen.errors.append(error)
                over.wait(THINK_SECONDS)

    threads = [threading.Thread(target=run) for _ in range(clients)]
    for thread in threads:
        thread.start()
    try:
        yield seen
    finally:
        over.set()
        for thread in threads:
            thread.join(90)
