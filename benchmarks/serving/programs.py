"""Start and stop the gateway and the servers it is compared with."""

import contextlib
import http.client
import importlib.util
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from benchmarks.serving.load import Target, ask, form_request, post_request
from tests.e2e.processes import Program, free_port, gateway, model_server, wait_until_ready

WORKERS = 2
MODEL = "clothing"
CLASSIFY = f"/v1/models/{MODEL}:classify"
_HOST = "127.0.0.1"
_START_SECONDS = 120.0
_BARE_THREADS = 24  # As in a worker of the gateway.
_GUNICORN = ("-w", str(WORKERS), "-k", "gthread", "--threads")


@dataclass(frozen=True)
class Running:
    """A running server.

    Attributes:
        name: for the tables.
        port: on 127.0.0.1.
        process: its main process, the parent of all others.
        to_request: makes the HTTP request for a photo.
        model_server: the address and process of the model server behind a gateway.
    """

    name: str
    port: int
    process: psutil.Process
    to_request: Callable[[bytes], bytes]
    model_server: tuple[str, psutil.Process] | None = None

    def target(self, *photos: bytes) -> Target:
        """Return the target for photos, with the answers that they get one after the other."""
        requests = [self.to_request(photo) for photo in photos]
        answers = [ask(_HOST, self.port, request) for request in requests]
        return Target(self.name, _HOST, self.port, requests, answers)

    def cpu_seconds(self, *, with_model_server: bool = False) -> float:
        """Return the processor time of all its processes."""
        processes = self._processes()
        if with_model_server and self.model_server:
            processes.append(self.model_server[1])
        times = [process.cpu_times() for process in processes]
        return sum(one.user + one.system for one in times)

    def workers(self) -> list[psutil.Process]:
        """Return the main process's children."""
        return self.process.children()

    def worker_bytes(self) -> list[int]:
        """Return the resident memory of each child process."""
        return [process.memory_info().rss for process in self.process.children(recursive=True)]

    def _processes(self) -> list[psutil.Process]:
        return [self.process, *self.process.children(recursive=True)]


@contextlib.contextmanager
def chain(models: Path, logs: Path, **settings: str) -> Iterator[Running]:
    """Run the embedded model server and the gateway, by default with their default settings."""
    with (
        model_server(models, logs / "model-server.log") as (served, address),
        gateway(address, logs / "gateway.log", workers=str(WORKERS), **settings) as (program, url),
    ):
        wait_until_ready(url)
        process = psutil.Process(program.process.pid)
        port = int(url.rpartition(":")[2])
        behind = address, psutil.Process(served.process.pid)
        yield Running("Photolabel", port, process, poster(MODEL), behind)


@contextlib.contextmanager
def bare(model: dict[str, Any], chain: Running, logs: Path) -> Iterator[dict[str, Running]]:
    """Run the minimal Flask apps for the model of a running gateway."""
    assert chain.model_server
    config = {
        "address": chain.model_server[0],
        "model": model["name"],
        "preparation": model["preparation"],
        "shape": [model["input"][key] for key in ("height", "width", "channels")],
    }
    with (
        flask_server("bare Flask", "bare_flask", _BARE_THREADS, logs) as flask,
        flask_server(
            "bare chain", "bare_chain", _BARE_THREADS, logs, BARE_CHAIN=json.dumps(config)
        ) as together,
    ):
        yield {"flask": flask, "together": together}


@contextlib.contextmanager
def flask_server(
    name: str, module: str, threads: int, logs: Path, **environment: str
) -> Iterator[Running]:
    """Run a Flask app of this package under gunicorn."""
    port = free_port()
    app = f"benchmarks.serving.{module}:app"
    options = (*_GUNICORN, str(threads), "--no-control-socket", "-b", f"127.0.0.1:{port}")
    program = Program("gunicorn", *options, app, log=logs / f"{module}.log", **environment)
    with _running(program, name, port, _poster("/classify")) as running:
        yield running


def tutorial(logs: Path) -> contextlib.AbstractContextManager[Running]:
    """Run a typical tutorial server with 2 workers of 4 threads."""
    return flask_server("Flask + model.predict", "tutorial_server", 4, logs)


def has_litserve() -> bool:
    """Whether LitServe is installed."""
    return importlib.util.find_spec("litserve") is not None


@contextlib.contextmanager
def litserve(models: Path, logs: Path) -> Iterator[Running]:
    """Run LitServe with the newest version of the same model and as many workers."""
    port = free_port()
    version = max((models / MODEL).glob("[0-9]*"), key=lambda path: int(path.name))
    arguments = (str(version), str(port), str(WORKERS))
    module = "benchmarks.serving.litserve_server"
    program = Program(module, *arguments, log=logs / "litserve.log")
    with _running(program, "LitServe", port, lambda p: form_request("/classify", p)) as running:
        yield running


def poster(model: str) -> Callable[[bytes], bytes]:
    """Return what makes the gateway's HTTP request for a photo and a model."""
    return _poster(f"/v1/models/{model}:classify")


def _poster(path: str) -> Callable[[bytes], bytes]:
    return lambda photo: post_request(path, photo)


@contextlib.contextmanager
def _running(
    program: Program, name: str, port: int, to_request: Callable[[bytes], bytes]
) -> Iterator[Running]:
    process = psutil.Process(program.process.pid)
    try:
        end = time.monotonic() + _START_SECONDS
        while not _listens(port):
            if program.process.poll() is not None or time.monotonic() > end:
                raise RuntimeError(f"{name} does not start:\n{program.output()}")
            time.sleep(0.2)
        yield Running(name, port, process, to_request)
    finally:
        family = [process, *process.children(recursive=True)] if process.is_running() else []
        program.process.terminate()
        _, alive = psutil.wait_procs(family, timeout=10)
        for one in alive:
            with contextlib.suppress(psutil.NoSuchProcess):
                one.kill()
        program.process.wait()


def _listens(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request("GET", "/")
        connection.getresponse().read()
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
    return True
