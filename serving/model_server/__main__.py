"""Command line of the embedded model server."""

import argparse
import logging
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

from serving.model_server.address import AddressError, check_address
from serving.model_server.options import DEFAULT_BATCHING, BatchSettings
from serving.repository.model_config import ConfigError, ConfigFile, ModelsFolder, Source

_GRACE_SECONDS = 30.0
_SIGNALS = {signal.SIGINT, signal.SIGTERM}
_THREADS = max(16, 4 * (os.cpu_count() or 1))

_DESCRIPTION = """\
A model server for laptops and tests. It answers TensorFlow Serving's gRPC calls Predict,
GetModelMetadata and GetModelStatus with the same results, status codes and messages, looks for new
versions all the time, and switches to one when it is loaded and warmed up."""

_EPILOG = """\
When it listens, one line on standard output says where; events go to standard error. SIGTERM and
SIGINT (Ctrl-C) end it with status 0 when the calls under way are answered. It exits with 1 if it
cannot start and with 2 if the command line is wrong.

examples:
  python -m serving.model_server --models models
  python -m serving.model_server --model_config_file /etc/models.config --port 8501"""


def _number(
    kind: type[int] | type[float], least: float, most: float, what: str
) -> Callable[[str], float]:
    """Return a parser of numbers within limits for argparse."""

    def parse(text: str) -> float:
        try:
            value = kind(text)
        except ValueError:
            value = least - 1
        if not least <= value <= most:
            raise argparse.ArgumentTypeError(
                f"{text!r} is not {what} between {least:g} and {most:g}"
            )
        return value

    return parse


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m serving.model_server",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    _add_models(parser)
    parser.add_argument("--host", default="127.0.0.1", help="listen here (default: 127.0.0.1)")
    parser.add_argument(
        "--port",
        type=_number(int, 0, 65535, "a port"),
        default=8500,
        help="gRPC port; 0 takes a free one (default: 8500)",
    )
    parser.add_argument(
        "--grpc_max_threads",
        type=_number(int, 1, 10_000, "a number of threads"),
        default=_THREADS,
        metavar="N",
        help="work on so many calls at once, the others wait (default: 4 for each processor, at "
        f"least 16; here {_THREADS})",
    )
    parser.add_argument(
        "--ssl_config_file",
        type=Path,
        metavar="FILE",
        help="speak TLS, with what TensorFlow Serving's text SSLConfig says (server_key, "
        "server_cert, custom_ca, client_verify); read once (default: plaintext)",
    )
    _add_batching(parser)
    return parser


def _add_batching(parser: argparse.ArgumentParser) -> None:
    flags = parser.add_argument_group(
        "batching", "calls of one signature that arrive together are computed together"
    )
    flags.add_argument(
        "--enable_batching",
        type=_truth,
        nargs="?",
        const=True,
        default=True,
        metavar="true|false",
        help="join calls (default: true)",
    )
    settings = {
        "max_batch_size": ("compute at most so many rows together", 1),
        "batch_timeout_micros": ("let a call wait so long for others, 0: only while busy", 0),
        "max_enqueued_batches": ("refuse calls with UNAVAILABLE when so many batches wait", 1),
        "num_batch_threads": ("compute so many batches of a signature at once", 1),
    }
    for name, (meaning, least) in settings.items():
        default = getattr(DEFAULT_BATCHING, name)
        flags.add_argument(
            f"--{name}",
            type=_number(int, least, 10_000_000, "a number"),
            default=default,
            metavar="N",
            help=f"{meaning} (default: {default})",
        )


def _truth(text: str) -> bool:
    """Parse a flag's value as TensorFlow Serving does."""
    values = {"true": True, "1": True, "false": False, "0": False}
    if text.lower() not in values:
        raise argparse.ArgumentTypeError(f"{text!r} is neither true nor false")
    return values[text.lower()]


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
        help="serve what TensorFlow Serving's text ModelServerConfig says: base paths (absolute), "
        "version policies, version labels (also for versions that do not serve yet)",
    )
    parser.add_argument(
        "--model_config_file_poll_wait_seconds",
        type=_number(float, 0, 86_400, "a number of seconds"),
        default=0.0,
        metavar="SECONDS",
        help="read FILE again after so long; 0 is never (default: 0)",
    )
    parser.add_argument(
        "--poll-seconds",
        "--file_system_poll_wait_seconds",
        type=_number(float, 0.01, 86_400, "a number of seconds"),
        default=1.0,
        metavar="SECONDS",
        help="look for new versions after so long (default: 1)",
    )


def main() -> int:
    """Serve until a signal comes; return the exit status."""
    arguments = _parser().parse_args()
    # Threads inherit this: a signal waits until the main thread asks, wherever it is just now.
    signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s", level=logging.INFO)
    try:
        source = _source(arguments)
        check_address(arguments.host, arguments.port)
        _serve(source, arguments)
    except (AddressError, ConfigError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def _source(arguments: argparse.Namespace) -> Source:
    if arguments.models is not None:
        return ModelsFolder(arguments.models)
    return ConfigFile(arguments.model_config_file, arguments.model_config_file_poll_wait_seconds)


def _batching(arguments: argparse.Namespace) -> BatchSettings:
    return BatchSettings(
        enabled=arguments.enable_batching,
        max_batch_size=arguments.max_batch_size,
        batch_timeout_micros=arguments.batch_timeout_micros,
        max_enqueued_batches=arguments.max_enqueued_batches,
        num_batch_threads=arguments.num_batch_threads,
    )


def _serve(source: Source, arguments: argparse.Namespace) -> None:
    # The libraries read these when they are loaded. What goes wrong comes as exceptions too.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
    from serving.model_server.tls import server_credentials

    ssl_config = arguments.ssl_config_file
    credentials = None if ssl_config is None else server_credentials(ssl_config)
    # Takes seconds, so not at the top: --help and mistakes are answered at once.
    from serving.model_server.grpc_server import Server
    from serving.model_server.manager import Manager
    from serving.model_server.servable import start_tensorflow

    start_tensorflow()
    manager = Manager(source, arguments.poll_seconds, batching=_batching(arguments))
    manager.start()
    try:
        while not manager.wait_for_first_pass(0.1):
            if signal.sigpending() & _SIGNALS:
                return
        threads = arguments.grpc_max_threads
        server = Server(manager, arguments.host, arguments.port, threads, credentials)
        print(f"model server listening on {server.address}", flush=True)
        signal.sigwait(_SIGNALS)
        logging.info("stopping: no new calls, those under way are answered")
        server.stop(_GRACE_SECONDS)
    finally:
        manager.stop()


if __name__ == "__main__":
    sys.exit(main())
