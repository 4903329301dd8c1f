"""Options of the embedded model server; no TensorFlow is imported, so `--help` is quick.

Flags that TensorFlow Serving has too carry its names and meanings.
"""

import argparse
import contextlib
import os
import socket
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

_THREADS = max(16, 4 * (os.cpu_count() or 1))

_DESCRIPTION = """\
The embedded model server, for laptops and tests. It answers TensorFlow Serving's gRPC calls
Predict, GetModelMetadata, GetModelStatus and HandleReloadConfigRequest with the same results,
status codes and messages. It watches the disk for new versions and switches to one once it is
loaded and warmed up."""

_EPILOG = """\
Once it listens, it prints its address in one line on standard output; it logs to standard error.
SIGTERM and SIGINT (Ctrl-C) stop it with status 0 after it has answered the calls in progress. It
exits with 1 if it cannot start and with 2 if the command line is wrong.

examples:
  python -m serving.model_server --models models
  python -m serving.model_server --model_config_file /etc/models.config --port 8501"""


@dataclass(frozen=True)
class BatchSettings:
    """How calls are joined into batches; fields are named as the flags that set them."""

    enabled: bool = True
    max_batch_size: int = 64
    batch_timeout_micros: int = 0
    max_enqueued_batches: int = 10
    num_batch_threads: int = field(default_factory=lambda: os.cpu_count() or 1)


DEFAULT_BATCHING = BatchSettings()

# Name, minimum and meaning.
_BATCHING_NUMBERS = (
    ("max_batch_size", 1, "compute at most N rows together"),
    ("batch_timeout_micros", 0, "let a call wait N microseconds for others; 0: only while busy"),
    ("max_enqueued_batches", 1, "refuse calls with UNAVAILABLE while N batches wait"),
    ("num_batch_threads", 1, "compute N batches of a signature at once"),
)


class AddressError(Exception):
    """The address cannot be listened on; says in one line why and what to do."""

    def __init__(self, address: str, reason: str) -> None:
        super().__init__(
            f"cannot listen on {address}: {reason}; choose others with --port and --host"
        )


def format_address(host: str, port: int) -> str:
    """Return host and port as gRPC writes them, IPv6 addresses in brackets."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def check_address(host: str, port: int) -> None:
    """Check that the address is free, before anything slow is started.

    Raises:
        AddressError: the port is in use, the host is not this machine's, ...
    """
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            reason = error.strerror or str(error)
            raise AddressError(format_address(host, port), reason) from error


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m serving.model_server",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    _add_models(parser)
    parser.add_argument("--host", default="127.0.0.1", help="listen here (default: %(default)s)")
    _add_number(parser, ["--port"], int, (0, 65535), 8500, "gRPC port; 0 picks a free one")
    meaning = "handle at most N calls at once, the others wait; 4 for each processor, at least 16"
    _add_number(parser, ["--grpc_max_threads"], int, (1, 10_000), _THREADS, meaning)
    parser.add_argument(
        "--ssl_config_file",
        type=Path,
        metavar="FILE",
        help="use TLS as configured in FILE, TensorFlow Serving's SSLConfig in text format "
        "(server_key, server_cert, custom_ca, client_verify); read once (default: plaintext)",
    )
    _add_batching(parser)
    return parser


def _add_models(parser: argparse.ArgumentParser) -> None:
    models = parser.add_mutually_exclusive_group(required=True)
    models.add_argument(
        "--models",
        type=Path,
        metavar="DIR",
        help="serve the newest version of every model in DIR/<name>/<version>/, or those that "
        "DIR/<name>/.serving.config chooses; new models are found while it runs",
    )
    models.add_argument(
        "--model_config_file",
        type=Path,
        metavar="FILE",
        help="serve the models listed in FILE, TensorFlow Serving's ModelServerConfig in text "
        "format: base paths (absolute), version policies, version labels (also for versions that "
        "do not serve yet)",
    )
    models.add_argument(
        "--model_base_path",
        type=Path,
        metavar="DIR",
        help="serve the newest version of one model in DIR/<version>/, until a "
        "HandleReloadConfigRequest says otherwise",
    )
    parser.add_argument(
        "--model_name",
        default="default",
        metavar="NAME",
        help="of the model in --model_base_path (default: %(default)s)",
    )
    names = ["--model_config_file_poll_wait_seconds"]
    meaning = "read FILE again every N seconds; 0 is never"
    _add_number(parser, names, float, (0, 86_400), 0, meaning)
    names = ["--poll-seconds", "--file_system_poll_wait_seconds"]
    _add_number(parser, names, float, (0.01, 86_400), 1, "look for new versions every N seconds")


def _add_batching(parser: argparse.ArgumentParser) -> None:
    flags = parser.add_argument_group(
        "batching", "calls of one signature that arrive together are computed together"
    )
    flags.add_argument(
        "--enable_batching",
        type=_boolean,
        nargs="?",
        const=True,
        default=DEFAULT_BATCHING.enabled,
        metavar="true|false",
        help="join calls (default: true)",
    )
    for name, minimum, meaning in _BATCHING_NUMBERS:
        default = getattr(DEFAULT_BATCHING, name)
        _add_number(flags, [f"--{name}"], int, (minimum, 10_000_000), default, meaning)


def batch_settings(arguments: argparse.Namespace) -> BatchSettings:
    """Return the batching part of parsed arguments."""
    numbers = {name: getattr(arguments, name) for name, _, _ in _BATCHING_NUMBERS}
    return BatchSettings(enabled=arguments.enable_batching, **numbers)


def _add_number(
    parser: argparse._ActionsContainer,
    names: Sequence[str],
    kind: type[int] | type[float],
    limits: tuple[float, float],
    default: float,
    meaning: str,
) -> None:
    minimum, maximum = limits

    def parse(text: str) -> float:
        with contextlib.suppress(ValueError):
            if minimum <= (value := kind(text)) <= maximum:
                return value
        what = "an integer" if kind is int else "a number"
        raise argparse.ArgumentTypeError(f"{text!r} is not {what} from {minimum:g} to {maximum:g}")

    help_ = f"{meaning} (default: %(default)s)"
    parser.add_argument(*names, type=parse, default=default, metavar="N", help=help_)


def _boolean(text: str) -> bool:
    """Parse a flag's value as TensorFlow Serving does."""
    if text.lower() in ("true", "1"):
        return True
    if text.lower() in ("false", "0"):
        return False
    raise argparse.ArgumentTypeError(f"{text!r} is neither true nor false")
