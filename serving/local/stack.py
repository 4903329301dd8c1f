"""The local stack: the embedded model server and the gateway, as two processes."""

import contextlib
import errno
import http.client
import os
import re
import socket
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from serving.local.process import ChildProcess, LocalError, start_process
from serving.repository.seed import model_names

T = TypeVar("T")

_PREFIX = "PHOTOLABEL_"
_START_SECONDS = 180.0  # for both to start; loading TensorFlow takes several
_DRAIN_SECONDS = "5"  # for requests in flight when the gateway stops
_POLL_SECONDS = 0.05
_LISTENING = re.compile(r"^model server listening on (\S+)$", re.MULTILINE)
_ANY_ADDRESS = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - compared with, not listened on


@dataclass(frozen=True)
class Stack:
    """The running stack; `models` has the names of the models served."""

    url: str
    models: tuple[str, ...]
    model_server: ChildProcess
    gateway: ChildProcess

    def check(self) -> None:
        """Raise LocalError if one of the processes has ended."""
        self.model_server.check()
        self.gateway.check()


@contextlib.contextmanager
def run_stack(
    models: Path,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    settings: Mapping[str, str] | None = None,
    timeout: float = _START_SECONDS,
) -> Iterator[Stack]:
    """Run gateway and model server until the end of the `with` statement.

    The models that have a version at the start are served. New versions of them are loaded while
    the stack runs; a model with a new name is served after the next start.

    Args:
        models: folder of the models, `<name>/<version>/`.
        host: the gateway's address; the model server listens on this machine only.
        port: the gateway's port; 0 picks a free one.
        settings: the gateway's settings, by their environment variables; None uses this process's
            environment.
        timeout: seconds to wait until every model is ready.

    Raises:
        LocalError: the port is in use, there is no model, or a process does not start.
        VersionsError: the folder can't be read.
    """
    names = model_names(models)
    if not names:
        raise LocalError(f"there is no model with a version in {models}")
    deadline = time.monotonic() + timeout
    with contextlib.ExitStack() as cleanup:
        logs = Path(cleanup.enter_context(tempfile.TemporaryDirectory(prefix="photolabel-")))
        listener = cleanup.enter_context(_listener(host, port))
        arguments = ["--models", str(models), "--host", "127.0.0.1", "--port", "0"]
        command = ["serving.model_server", *arguments]
        model_server = start_process("model server", command, logs, os.environ)
        cleanup.callback(model_server.stop)
        problem = "the model server has not started in time"
        address = _wait_for(lambda: _address(model_server), deadline, problem, model_server)
        environment = {
            "PHOTOLABEL_DRAIN_SECONDS": _DRAIN_SECONDS,
            **_environment(settings),
            "PHOTOLABEL_BIND": f"fd://{listener.fileno()}",
            "PHOTOLABEL_MODEL_SERVER": address,
            "PHOTOLABEL_MODELS": ",".join(names),
        }
        gateway = start_process("gateway", ["serving"], logs, environment, listener.fileno())
        cleanup.callback(gateway.stop)
        stack = Stack(_url(listener), tuple(names), model_server, gateway)
        listener.close()  # The gateway has inherited it.
        problem = "the models are not ready in time"
        _wait_for(lambda: _is_ready(stack.url), deadline, problem, model_server, gateway)
        yield stack


def _environment(settings: Mapping[str, str] | None) -> Mapping[str, str]:
    if settings is None:
        return os.environ
    others = {name: value for name, value in os.environ.items() if not name.startswith(_PREFIX)}
    return {**others, **settings}


def _listener(host: str, port: int) -> socket.socket:
    """Listen on the gateway's port before it starts, so that an error is found at once."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            reason = f"the port is in use; choose another with --port, such as --port {port + 1}"
        else:
            reason = (error.strerror or str(error)).partition(" (while")[0]
        raise LocalError(f"cannot listen on {host}, port {port}: {reason}") from error


def _url(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    host = _ANY_ADDRESS.get(host, host)
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _wait_for(
    condition: Callable[[], T | None], deadline: float, problem: str, *processes: ChildProcess
) -> T:
    """Wait until a condition returns something true, while processes run, and return that."""
    while not (result := condition()):
        for process in processes:
            process.check()
        if time.monotonic() > deadline:
            tails = "\n".join(f"  {process.name}:\n{process.tail()}" for process in processes)
            raise LocalError(f"{problem}; the last lines of the logs:\n{tails}")
        time.sleep(_POLL_SECONDS)
    return result


def _address(model_server: ChildProcess) -> str | None:
    found = _LISTENING.search(model_server.log.read_text("utf-8", errors="replace"))
    return found[1] if found else None


def _is_ready(url: str) -> bool:
    connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=5)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
