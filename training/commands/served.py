"""Arguments of the commands that say or change which version of a model serves."""

import argparse
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from training.errors import UsageError

if TYPE_CHECKING:
    from serving.tls.certificates import TlsFiles
    from training.publishing.served.place import Place
    from training.publishing.served.targets import Target

_SECONDS = 180.0
"""A ConfigMap reaches the model server within about 90 s; then a version has to load."""


def add_target(parser: argparse.ArgumentParser) -> None:
    """Let a command choose what the model server reads: see `chosen_target`."""
    parser.add_argument(
        "--models",
        type=Path,
        help="folder of the models (default models, or where the configuration file says)",
    )
    where = parser.add_mutually_exclusive_group()
    where.add_argument(
        "--model_config_file", type=Path, metavar="FILE", help="that the model server reads"
    )
    where.add_argument(
        "--config-map",
        metavar="[NAMESPACE/]NAME",
        help="with that file, on Kubernetes; needs kubectl",
    )


def add_change(parser: argparse.ArgumentParser) -> None:
    """Let a command change it: see `opened_place`."""
    add_target(parser)
    parser.add_argument(
        "--model-server",
        action="append",
        default=[],
        metavar="HOST:PORT",
        help="wait until it follows, over gRPC; once for each model server that reads the same",
    )
    for name, what in (
        ("ca", "use TLS with it: authorities trusted to sign its certificate"),
        ("cert", "certificate for mutual TLS"),
        ("key", "private key of that certificate"),
    ):
        parser.add_argument(f"--model-server-{name}", type=Path, metavar="FILE", help=what)
    parser.add_argument(
        "--model-server-name", metavar="NAME", help="name in its certificate, if it differs"
    )
    parser.add_argument(
        "--timeout",
        type=float,
        default=_SECONDS,
        metavar="SECONDS",
        help="how long to wait for it (default %(default)g)",
    )
    parser.add_argument(
        "--force", action="store_true", help="even if the version has other labels (classes)"
    )
    parser.add_argument(
        "--unload",
        action="store_true",
        help="where there are labels, load no versions any longer that have had none before",
    )


def chosen_target(arguments: argparse.Namespace) -> "Target":
    """Return what the arguments of `add_target` name."""
    name = arguments.name
    if arguments.config_map is not None:
        from training.publishing.served.config_map import ConfigMap

        return ConfigMap(arguments.config_map, name)
    from training.publishing.served.targets import ConfigFile, ModelFolder

    if arguments.model_config_file is not None:
        return ConfigFile(arguments.model_config_file, name)
    return ModelFolder(arguments.models or Path("models"), name)


@contextmanager
def opened_place(arguments: argparse.Namespace, console: Console) -> Iterator["Place"]:
    """Provide the place that the arguments of `add_change` name, connected to its model servers.

    Raises:
        UsageError: they contradict each other.
    """
    from training.publishing.served.place import Place

    if not 0 < arguments.timeout < float("inf"):
        raise UsageError(f"--timeout is a number of seconds above 0, not {arguments.timeout:g}")
    tls = _tls(arguments)
    with ExitStack() as cleanup:
        servers = None
        if arguments.model_server:
            from training.publishing.served.model_servers import connected  # Imports gRPC.

            opened = connected(arguments.model_server, tls, arguments.timeout)
            servers = cleanup.enter_context(opened)
        yield Place(
            arguments.name,
            chosen_target(arguments),
            console,
            arguments.models,
            servers,
            arguments.force,
            arguments.unload,
        )


def _tls(arguments: argparse.Namespace) -> "TlsFiles | None":
    ca, cert, key = (getattr(arguments, f"model_server_{name}") for name in ("ca", "cert", "key"))
    if (cert is None) != (key is None):
        raise UsageError("--model-server-cert and --model-server-key are given together")
    if ca is None:
        if cert or arguments.model_server_name:
            raise UsageError("TLS with the model server needs --model-server-ca")
        return None
    from serving.tls.certificates import TlsFiles

    return TlsFiles(ca, cert, key, arguments.model_server_name)


def options(arguments: argparse.Namespace, target: "Target") -> Sequence[str]:
    """Return the words of a command line that name the same place."""
    words = [*target.options]
    if arguments.models and "--models" not in words:
        words += ["--models", str(arguments.models)]
    for address in arguments.model_server:
        words += ["--model-server", address]
    for name in ("ca", "cert", "key", "name"):
        value = getattr(arguments, f"model_server_{name}")
        words += [f"--model-server-{name}", str(value)] if value else []
    return words
