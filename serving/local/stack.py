"""The chain on one machine: the embedded model server and the gateway, as two processes."""

import contextlib
import errno
import http.client
import os
import re
import socket
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from serving.local.process import LocalError, Program, start
from serving.repository.seed import model_names

_PREFIX = "PHOTOLABEL_"
_PATIENCE = 180.0  # seconds until both have started; loading TensorFlow takes some of them
_DRAIN = "5"  # seconds for requests in flight when the gateway stops
_POLL = 0.05  # seconds
_LISTENING = re.compile(r"^model server listening on (\S+)$", re.MULTILINE)
_ANY_ADDRESS = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - recognized, not listened on


@dataclass(frozen=True)
class Chain:
    """The running chain.

    Attributes:
        url: where the gateway answers.
        models: the names of the models served.
        model_server_address: of the model server's gRPC services.
        model_server: its process.
        gateway: its process.
    """

    url: str
    models: tuple[str, ...]
    model_server_address: str
    model_server: Program
    gateway: Program

    def check(self) -> None:
        """Check that both processes still run.

        Raises:
            LocalError: one has ended.
        """
        self.model_server.check()
        self.gateway.check()


@contextlib.contextmanager
def running(
    models: Path,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    settings: Mapping[str, str] | None = None,
    patience: float = _PATIENCE,
) -> Iterator[Chain]:
    """Run the chain over a folder of models until the end of the `with` statement.

    The models served are those that have a version now. New versions of them are taken up while it
    runs; a model with a new name is served after the next start.

    Args:
        models: folder of the models, `<name>/<version>/`.
        host: the gateway listens here; the model server is reached from this machine only.
        port: of the gateway; 0 takes a free one.
        settings: of the gateway, by the names of their environment variables; None takes those
            of this process's environment.
        patience: seconds to wait until every model can answer.

    Raises:
        LocalError: the port is taken, there is no model, or a program does not start.
        VersionsError: the folder can't be read.
    """
    names = model_names(models)
    if not names:
        raise LocalError(f"there is no model with a version in {models}")
    deadline = time.monotonic() + patience
    with contextlib.ExitStack() as cleanup:
        logs = Path(cleanup.enter_context(tempfile.TemporaryDirectory(prefix="photolabel-")))
        listener = cleanup.enter_context(_listener(host, port))
        arguments = ["--models", str(models), "--host", "127.0.0.1", "--port", "0"]
        model_server = start("model server", "serving.model_server", arguments, logs, os.environ)
        cleanup.callback(model_server.stop)
        address = _wait_for_address(model_server, deadline)
        environment = {
            "PHOTOLABEL_DRAIN_SECONDS": _DRAIN,
            **_environment(settings),
            "PHOTOLABEL_BIND": f"fd://{listener.fileno()}",
            "PHOTOLABEL_MODEL_SERVER": address,
            "PHOTOLABEL_MODELS": ",".join(names),
        }
        gateway = start("gateway", "serving", [], logs, environment, listener.fileno())
        cleanup.callback(gateway.stop)
        chain = Chain(_url(listener), tuple(names), address, model_server, gateway)
        listener.close()  # The gateway has its own copy, and closes the port when it ends.
        _wait_until_ready(chain, deadline)
        yield chain


def _environment(settings: Mapping[str, str] | None) -> Mapping[str, str]:
    if settings is None:
        return os.environ
    others = {name: value for name, value in os.environ.items() if not name.startswith(_PREFIX)}
    return {**others, **settings}


def _listener(host: str, port: int) -> socket.socket:
    """Take the gateway's port here: nobody can take it between, and the error is one line."""
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


def _wait_for_address(model_server: Program, deadline: float) -> str:
    while True:
        found = _LISTENING.search(model_server.log.read_text("utf-8", errors="replace"))
        if found:
            return found[1]
        model_server.check()
        _pause(deadline, "the model server does not listen", model_server)


def _wait_until_ready(chain: Chain, deadline: float) -> None:
    while not _is_ready(chain.url):
        chain.check()
        _pause(deadline, "the models do not get ready", chain.model_server, chain.gateway)


def _pause(deadline: float, complaint: str, *programs: Program) -> None:
    if time.monotonic() > deadline:
        tails = "\n".join(f"  {program.name}:\n{program.tail()}" for program in programs)
        raise LocalError(f"{complaint}; the ends of the logs:\n{tails}")
    time.sleep(_POLL)


def _is_ready(url: str) -> bool:
    connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=5)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
