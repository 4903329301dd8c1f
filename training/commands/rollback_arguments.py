"""Arguments and report of the commands that change or list which version of a model serves."""

import argparse
import shlex
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from serving.tls.certificates import TlsFiles
from training.console import say
from training.errors import UsageError
from training.publishing.rollback.config_map import ConfigMapFile
from training.publishing.rollback.messages import change_lines
from training.publishing.rollback.served_model import ServedModel, State
from training.publishing.rollback.serving_config import (
    ConfigFile,
    ConfigMap,
    ModelFolder,
    ServingConfig,
)
from training.publishing.rollback.text_file import LocalFile

_SECONDS = 180.0
"""A ConfigMap reaches the model server within about 90 s; then a version has to load."""

_KEY = "models.config"
"""The file's name in the ConfigMap, as `k8s/base` has it."""

_REPEATED = (
    "models",
    "model_config_file",
    "model_base_path",
    "config-map",
    "model-server",
    "model-server-ca",
    "model-server-cert",
    "model-server-key",
    "model-server-name",
)
"""Options that the command has, too, which undoes a change."""


def add_config(parser: argparse.ArgumentParser) -> "argparse._MutuallyExclusiveGroup":
    """Let a command choose what the model server reads: see `chosen_config`.

    Returns:
        The group of options of which only one may be given.
    """
    parser.add_argument(
        "--models",
        type=Path,
        help="folder of the models (default: models, or the base path in the config file)",
    )
    where = parser.add_mutually_exclusive_group()
    where.add_argument(
        "--model_config_file",
        type=Path,
        metavar="FILE",
        help="the model config file that TensorFlow Serving reads",
    )
    where.add_argument(
        "--config-map",
        metavar="[NAMESPACE/]NAME",
        help="the Kubernetes ConfigMap with that file; needs kubectl",
    )
    return where


def add_change(parser: argparse.ArgumentParser) -> None:
    """Let a command change which version serves: see `make_change`."""
    add_config(parser).add_argument(
        "--model_base_path",
        type=Path,
        metavar="DIR",
        help="this option of a model server that was started with it, for one model: send the"
        " change to --model-server, which has no file",
    )
    parser.add_argument(
        "--model-server",
        action="append",
        default=[],
        metavar="HOST:PORT",
        help="gRPC address of a model server that reads this configuration: wait until it serves"
        " the version; may be repeated",
    )
    add_tls(parser)
    parser.add_argument(
        "--timeout",
        type=float,
        default=_SECONDS,
        metavar="SECONDS",
        help="how long to wait for the model server (default %(default)g)",
    )
    parser.add_argument(
        "--force", action="store_true", help="serve the version even if its labels (classes) differ"
    )
    parser.add_argument(
        "--unload",
        action="store_true",
        help="in a config file with labels: also unload the versions that had no label before",
    )


def add_tls(parser: argparse.ArgumentParser) -> None:
    """Let a command connect to the model server with TLS: see `chosen_tls`."""
    for name, what in (
        ("ca", "connect to the model server with TLS: the CA that signed its certificate"),
        ("cert", "client certificate, for mutual TLS"),
        ("key", "private key of the client certificate"),
    ):
        parser.add_argument(f"--model-server-{name}", type=Path, metavar="FILE", help=what)
    parser.add_argument(
        "--model-server-name",
        metavar="NAME",
        help="name in the model server's certificate, if that is not HOST",
    )


def chosen_tls(arguments: argparse.Namespace) -> TlsFiles | None:
    """Return what the arguments of `add_tls` name; None: plaintext.

    Raises:
        UsageError: one of the files is missing.
    """
    ca, cert, key = (getattr(arguments, f"model_server_{name}") for name in ("ca", "cert", "key"))
    if (cert is None) != (key is None):
        raise UsageError("--model-server-cert and --model-server-key are given together")
    if ca is None:
        if cert or arguments.model_server_name:
            raise UsageError("TLS with the model server needs --model-server-ca")
        return None
    return TlsFiles(ca, cert, key, arguments.model_server_name)


def chosen_config(arguments: argparse.Namespace) -> ServingConfig:
    """Return what the arguments of `add_config` name.

    Raises:
        UsageError: the reference to the ConfigMap is invalid.
        TrainingError: there is no such model.
    """
    if arguments.config_map is not None:
        return ConfigMap(ConfigMapFile(arguments.config_map, _KEY), arguments.name)
    if arguments.model_config_file is not None:
        return ConfigFile(LocalFile(arguments.model_config_file), arguments.name)
    return ModelFolder(arguments.models or Path("models"), arguments.name)


def make_change(
    arguments: argparse.Namespace,
    change: Callable[[ServedModel], tuple[State, State]],
    undoing: Callable[[State, State], list[str]],
) -> None:
    """Change which version serves, and say what serves now and how to undo that.

    Args:
        arguments: of `add_change`, and the model's name.
        change: returns the states before and after.
        undoing: returns the command for the way back, without its options.

    Raises:
        UsageError: the arguments contradict each other.
        TrainingError: as of `change`.
    """
    began = time.monotonic()
    with opened(arguments) as model:
        before, after = change(model)
        seconds = time.monotonic() - began
    for line in change_lines(model, before, after, seconds):
        say(model.console, line)
    if before.settings != after.settings:
        words = ["python", "-m", "training", *undoing(before, after), *options(arguments)]
        say(model.console, f"to undo this: {shlex.join(words)}")


@contextmanager
def opened(arguments: argparse.Namespace) -> Iterator[ServedModel]:
    """Provide the model that the arguments name, connected to its model servers."""
    if not 0 < arguments.timeout < float("inf"):
        raise UsageError(f"--timeout is a number of seconds above 0, not {arguments.timeout:g}")
    base_path: Path | None = arguments.model_base_path
    if base_path and not (arguments.model_server and base_path.is_absolute()):
        raise UsageError("--model_base_path is an absolute path, and needs --model-server")
    tls = chosen_tls(arguments)

    def model(config: ServingConfig) -> ServedModel:
        given = {"force": arguments.force, "unload": arguments.unload}
        return ServedModel(arguments.name, config, arguments.models, **given)

    if not arguments.model_server:
        yield model(chosen_config(arguments))
        return
    from training.publishing.rollback.model_servers import connected  # Imports gRPC.
    from training.publishing.rollback.server_memory import ServerMemory

    with connected(arguments.model_server, tls, arguments.timeout) as servers:
        config = (
            ServerMemory(servers, base_path, arguments.name)
            if base_path
            else chosen_config(arguments)
        )
        yield replace(model(config), servers=servers)


def undoing_label(name: str, label: str) -> Callable[[State, State], list[str]]:
    """Return what `make_change` needs to say how to undo the change of a label."""

    def undoing(before: State, after: State) -> list[str]:
        old = before.settings.labels.get(label)
        return ["label", name, label, "--remove" if old is None else str(old)]

    return undoing


def options(arguments: argparse.Namespace) -> Iterator[str]:
    """Yield the options that a further command on the same model needs."""
    for name in _REPEATED:
        given = getattr(arguments, name.replace("-", "_"))
        for value in given if isinstance(given, list) else filter(None, [given]):
            yield from (f"--{name}", str(value))
