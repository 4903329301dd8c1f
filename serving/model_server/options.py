"""Options of the embedded model server; no TensorFlow is imported, so `--help` is quick.

Flags that TensorFlow Serving has too carry its names and meanings.
"""

import argparse
import os
import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

_THREADS = max(16, 4 * (os.cpu_count() or 1))

_DESCRIPTION = """\
The embedded model server, for laptops and tests. It answers TensorFlow Serving's gRPC calls
Predict, GetModelMetadata and GetModelStatus with the same results, status codes and messages. It
watches the disk for new versions and switches to one once it is loaded and warmed up."""

_EPILOG = """\
Once it listens, it prints its address in one line on standard output; it logs to standard error.
SIGTERM and SIGINT (Ctrl-C) stop it with status 0 after it has answered the calls in progress. It
exits with 1 if it cannot start and with 2 if the command line is wrong.

examples:
  python -m serving.model_server --models models
  python -m serving.model_server --model_config_file /etc/models.config --port 8501"""


@dataclass(frozen=True)
class BatchSettings:
    """How calls are joined into batches, named as in TensorFlow Serving.

    Attributes:
        enabled: whether calls are joined at all.
        max_batch_size: maximum number of rows in a batch.
        batch_timeout_micros: how long a call that could be computed waits for others to join it.
        max_enqueued_batches: refuse calls while this many full batches wait.
        num_batch_threads: batches of one signature that are computed at once.
    """

    enabled: bool = True
    max_batch_size: int = 64
    batch_timeout_micros: int = 0
    max_enqueued_batches: int = 10
    num_batch_threads: int = field(default_factory=lambda: os.cpu_count() or 1)


DEFAULT_BATCHING = BatchSettings()


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
    parser.add_argument(
        "--port",
        type=_number(int, 0, 65535, "a port"),
        default=8500,
        help="gRPC port; 0 picks a free one (default: %(default)s)",
    )
    parser.add_argument(
        "--grpc_max_threads",
        type=_number(int, 1, 10_000, "a number of threads"),
        default=_THREADS,
        metavar="N",
        help="handle at most N calls at once, the others wait (default: 4 for each processor, at "
        "least 16; here %(default)s)",
    )
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
        help="serve the newest version of every model in DIR/<name>/<version>/; new models are "
        "found while it runs",
    )
    models.add_argument(
        "--model_config_file",
        type=Path,
        metavar="FILE",
        help="serve the models listed in FILE, TensorFlow Serving's ModelServerConfig in text "
        "format: base paths (absolute), version policies, version labels (also for versions that "
        "do not serve yet)",
    )
    parser.add_argument(
        "--model_config_file_poll_wait_seconds",
        type=_number(float, 0, 86_400, "a number of seconds"),
        default=0.0,
        metavar="SECONDS",
        help="how often to read FILE again; 0 is never (default: 0)",
    )
    parser.add_argument(
        "--poll-seconds",
        "--file_system_poll_wait_seconds",
        type=_number(float, 0.01, 86_400, "a number of seconds"),
        default=1.0,
        metavar="SECONDS",
        help="how often to look for new versions (default: 1)",
    )


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
    settings = {
        "max_batch_size": ("compute at most N rows together", 1),
        "batch_timeout_micros": ("let a call wait N µs for others; 0: only while busy", 0),
        "max_enqueued_batches": ("refuse calls with UNAVAILABLE while N batches wait", 1),
        "num_batch_threads": ("compute N batches of a signature at once", 1),
    }
    for name, (meaning, minimum) in settings.items():
        flags.add_argument(
            f"--{name}",
            type=_number(int, minimum, 10_000_000, "a number"),
            default=getattr(DEFAULT_BATCHING, name),
            metavar="N",
            help=f"{meaning} (default: %(default)s)",
        )


def batch_settings(arguments: argparse.Namespace) -> BatchSettings:
    """Return the batching part of parsed arguments."""
    return BatchSettings(
        enabled=arguments.enable_batching,
        max_batch_size=arguments.max_batch_size,
        batch_timeout_micros=arguments.batch_timeout_micros,
        max_enqueued_batches=arguments.max_enqueued_batches,
        num_batch_threads=arguments.num_batch_threads,
    )


def _number(
    kind: type[int] | type[float], minimum: float, maximum: float, what: str
) -> Callable[[str], float]:
    """Return a parser of numbers within limits for argparse."""

    def parse(text: str) -> float:
        try:
            value = kind(text)
        except ValueError:
            value = minimum - 1
        if not minimum <= value <= maximum:
            raise argparse.ArgumentTypeError(
                f"{text!r} is not {what} between {minimum:g} and {maximum:g}"
            )
        return value

    return parse


def _boolean(text: str) -> bool:
    """Parse a flag's value as TensorFlow Serving does."""
    values = {"true": True, "1": True, "false": False, "0": False}
    if text.lower() not in values:
        raise argparse.ArgumentTypeError(f"{text!r} is neither true nor false")
    return values[text.lower()]
