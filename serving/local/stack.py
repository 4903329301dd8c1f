"""The local stack: the embedded model server and the gateway, as two processes."""

import contextlib
import errno
import http.client
import json
import os
import re
import socket
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from serving.local.process import ChildProcess, LocalError, start_process
from serving.repository.errors import ConfigError
from serving.repository.models_folder import ModelsFolder
from serving.repository.seed import model_names

_PREFIX = "PHOTOLABEL_"
_START_SECONDS = 180.0  # for both to start; loading TensorFlow takes several
_DRAIN_SECONDS = "5"  # for requests in flight when the gateway stops
_POLL_SECONDS = 0.05
_REPORT_SECONDS = 3.0  # until it is said why the models are not ready
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
    report: Callable[[str], None] | None = None,
) -> Iterator[Stack]:
    """Run gateway and model server until the end of the `with` statement.

    The models that have a version at the start are served. New versions of them are loaded while
    the stack runs; a model with a new name is served after the next start. Which versions serve can
    be changed at any time (`serving.repository.served_versions`).

    Args:
        models: folder of the models, `<name>/<version>/`.
        host: the gateway's address; the model server listens on this machine only.
        port: the gateway's port; 0 picks a free one.
        settings: the gateway's settings, by their environment variables; None uses this process's
            environment.
        timeout: seconds to wait until every model is ready.
        report: called with the reason if that takes long, and whenever the reason changes.

    Raises:
        LocalError: the port is in use, there is no model, or a process does not start. Which
            versions serve is invalid.
        VersionsError: the folder can't be read.
    """
    names = model_names(models)
    if not names:
        raise LocalError(f"there is no model with a version in {models}")
    try:
        ModelsFolder(models)
    except ConfigError as error:
        raise LocalError(str(error)) from error
    deadline = time.monotonic() + timeout
    with contextlib.ExitStack() as cleanup:
        logs = Path(cleanup.enter_context(tempfile.TemporaryDirectory(prefix="photolabel-")))
        listener = cleanup.enter_context(_listener(host, port))
        arguments = ["--models", str(models), "--host", "127.0.0.1", "--port", "0"]
        arguments += ["--poll-seconds", "0.25"]  # Somebody may wait for a rollback.
        command = ["serving.model_server", *arguments]
        model_server = start_process("model server", command, logs, os.environ)
        cleanup.callback(model_server.stop)
        late = "the model server has not started in time"
        _wait(lambda: "" if _address(model_server) else late, deadline, model_server)
        environment = {
            "PHOTOLABEL_DRAIN_SECONDS": _DRAIN_SECONDS,
            **_environment(settings),
            "PHOTOLABEL_BIND": f"fd://{listener.fileno()}",
            "PHOTOLABEL_MODEL_SERVER": _address(model_server),
            "PHOTOLABEL_MODELS": ",".join(names),
        }
        gateway = start_process("gateway", ["serving"], logs, environment, listener.fileno())
        cleanup.callback(gateway.stop)
        stack = Stack(_url(listener), tuple(names), model_server, gateway)
        listener.close()  # The gateway has inherited it.
        _wait(lambda: _unready(stack.url), deadline, model_server, gateway, report=report)
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


def _wait(
    pending: Callable[[], str],
    deadline: float,
    *processes: ChildProcess,
    report: Callable[[str], None] | None = None,
) -> None:
    """Wait, while processes run, until the reason to wait is empty; report the reasons if asked."""
    reported, reporting = "", time.monotonic() + _REPORT_SECONDS
    while reason := pending():
        for process in processes:
            process.check()
        if time.monotonic() > deadline:
            tails = "\n".join(f"  {process.name}:\n{process.tail()}" for process in processes)
            raise LocalError(f"{reason}; the last lines of the logs:\n{tails}")
        if report and reason != reported and time.monotonic() > reporting:
            report(reason)
            reported = reason
        time.sleep(_POLL_SECONDS)


def _address(model_server: ChildProcess) -> str:
    """Return where the model server listens; an empty text if it does not yet."""
    found = _LISTENING.search(model_server.log.read_text("utf-8", errors="replace"))
    return found[1] if found else ""


def _unready(url: str) -> str:
    """Return why the models are not ready; an empty text if they are."""
    connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=5)
    try:
        connection.request("GET", "/readyz")
        response = connection.getresponse()
        if response.status == http.HTTPStatus.OK:
            return ""
        details = [each.get("detail") for each in json.load(response)["models"]]
    except (OSError, http.client.HTTPException, ValueError, LookupError):
        return "the gateway does not answer"
    finally:
        connection.close()
    return "the models are not ready: " + " ".join(filter(None, details))
