"""The local stack: the embedded model server and the gateway, as two processes."""

import contextlib
import errno
import os
import re
import socket
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from serving.local.model_states import ModelState, States, read_states
from serving.local.names_file import NamesFile
from serving.local.process import ChildProcess, LocalError, start_process
from serving.repository.errors import ConfigError

_PREFIX = "PHOTOLABEL_"
_START_SECONDS = 180.0  # for both to start; loading TensorFlow takes several
_DRAIN_SECONDS = "5"  # for requests in flight when the gateway stops
_POLL_SECONDS = 0.05
# How long the states of models stay the same until those not served are taken for broken. If none
# is served, the model server may be slow: a call to it may take the gateway 5 seconds.
_SETTLED_SECONDS = 3.0
_NONE_SERVED_SECONDS = 6.0
_LISTENING = re.compile(r"^model server listening on (\S+)$", re.MULTILINE)
_ANY_ADDRESS = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - compared with, not listened on


@dataclass(frozen=True)
class Stack:
    """The running stack; `states` has those of the models at the start."""

    url: str
    states: States
    model_server: ChildProcess
    gateway: ChildProcess
    names: NamesFile

    @property
    def models(self) -> tuple[str, ...]:
        """The names of the models that were served at the start."""
        return tuple(name for name, state in self.states.items() if not state.reason)

    def current_states(self) -> States | None:
        """Return the states of all models now; None if the gateway does not answer."""
        return _states(self.url, self.names)

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

    All models in the folder are served that can be. New versions and new models are loaded while
    the stack runs, and a model whose folder is removed is no longer served after a few seconds.
    Which versions serve can be changed at any time (`serving.repository.served_versions`).

    Args:
        models: folder of the models, `<name>/<version>/`.
        host: the gateway's address; the model server listens on this machine only.
        port: the gateway's port; 0 picks a free one.
        settings: the gateway's settings, by their environment variables; None uses this process's
            environment.
        timeout: seconds to wait until every model is served or known to be broken.

    Raises:
        LocalError: the folder can't be read, no model in it can be served, the port is in use, or a
            process does not start.
    """
    deadline = time.monotonic() + timeout
    with contextlib.ExitStack() as cleanup:
        logs = Path(cleanup.enter_context(tempfile.TemporaryDirectory(prefix="photolabel-")))
        names = _names(models, logs)
        listener = cleanup.enter_context(_listener(host, port))
        model_server = _start_model_server(models, logs)
        cleanup.callback(model_server.stop)
        late = "the model server has not started in time"
        _wait(lambda: "" if _address(model_server) else late, deadline, model_server)
        environment = {
            **_environment(settings),
            "PHOTOLABEL_BIND": f"fd://{listener.fileno()}",
            "PHOTOLABEL_MODEL_SERVER": _address(model_server),
            "PHOTOLABEL_MODEL_CONFIG_FILE": str(names.path),
        }
        gateway = start_process("gateway", ["serving"], logs, environment, listener.fileno())
        cleanup.callback(gateway.stop)
        url = _url(listener)
        listener.close()  # The gateway has inherited it.
        settling = _Settling(url, names)
        _wait(settling.pending, deadline, model_server, gateway)
        cleanup.callback(names.follow())
        stack = Stack(url, settling.states, model_server, gateway, names)
        if not stack.models:
            raise LocalError(f"no model in {models} can be served:\n{_listed(stack.states)}")
        yield stack


def _names(models: Path, folder: Path) -> NamesFile:
    """Return the file of names, made in a folder, if there is a model to serve."""
    try:
        names = NamesFile(models, folder / "models.config")
    except ConfigError as error:
        raise LocalError(str(error)) from error
    if not names.names:
        unusable = [f"; {name}: {reason}" for name, reason in names.problems.items()]
        raise LocalError(f"there is no model with a version in {models}{''.join(unusable)}")
    return names


def _start_model_server(models: Path, logs: Path) -> ChildProcess:
    arguments = ["--models", str(models), "--host", "127.0.0.1", "--port", "0"]
    arguments += ["--poll-seconds", "0.25"]  # Somebody may wait for a rollback.
    return start_process("model server", ["serving.model_server", *arguments], logs, os.environ)


def _environment(settings: Mapping[str, str] | None) -> dict[str, str]:
    """Return the gateway's environment, without what depends on the other processes."""
    environment = {
        name: value
        for name, value in os.environ.items()
        if settings is None or not name.startswith(_PREFIX)
    }
    environment = {"PHOTOLABEL_DRAIN_SECONDS": _DRAIN_SECONDS, **environment, **(settings or {})}
    environment.pop("PHOTOLABEL_MODELS", None)  # They are in the file of names.
    return environment


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


def _states(url: str, names: NamesFile) -> States | None:
    states = read_states(url)
    if states is None:
        return None
    return {**states, **{name: ModelState(reason=why) for name, why in names.problems.items()}}


def _listed(states: States) -> str:
    return "\n".join(f"  {name}: {state}" for name, state in states.items())


class _Settling:
    """Waits until every model is served, or the reasons why some are not stay the same."""

    def __init__(self, url: str, names: NamesFile) -> None:
        self.states: States = {}
        self._url = url
        self._names = names
        self._since = time.monotonic()

    def pending(self) -> str:
        """Return the reason to wait; empty if there is none."""
        states = _states(self._url, self._names)
        if states is None:
            return "the gateway does not answer"
        if states != self.states:
            self.states, self._since = states, time.monotonic()
        unserved = [state for state in states.values() if state.reason]
        some = len(unserved) < len(states)
        seconds = _SETTLED_SECONDS if some else _NONE_SERVED_SECONDS
        if not unserved or time.monotonic() - self._since >= seconds:
            return ""
        return f"the models are not ready:\n{_listed(states)}"


def _wait(pending: Callable[[], str], deadline: float, *processes: ChildProcess) -> None:
    """Wait, while processes run, until the reason to wait is empty."""
    while reason := pending():
        for process in processes:
            process.check()
        if time.monotonic() > deadline:
            tails = "\n".join(f"  {process.name}:\n{process.tail()}" for process in processes)
            raise LocalError(f"{reason}; the last lines of the logs:\n{tails}")
        time.sleep(_POLL_SECONDS)


def _address(model_server: ChildProcess) -> str:
    """Return where the model server listens; an empty text if it does not yet."""
    found = _LISTENING.search(model_server.log.read_text("utf-8", errors="replace"))
    return found[1] if found else ""
