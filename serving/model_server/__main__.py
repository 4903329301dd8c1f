"""Entry point of the embedded model server: `python -m serving.model_server`."""

import argparse
import gc
import logging
import os
import signal
import sys

from serving.model_server.options import AddressError, batch_settings, check_address, parser
from serving.repository.errors import ConfigError
from serving.repository.model_config import ConfigFile, ModelList, ModelSettings
from serving.repository.models_folder import ModelsFolder, Source
from serving.tls.certificates import TlsError
from serving.tls.ssl_config import server_credentials

_GRACE_SECONDS = 30.0
_SIGNALS = {signal.SIGINT, signal.SIGTERM}
# TensorFlow imports these where they are installed, and does without them where they are not. The
# server needs none: without them it starts in two thirds of the time, with 200 MB less memory.
_NOT_NEEDED = ("IPython", "jax", "matplotlib", "pandas", "sklearn")


def main() -> int:
    """Serve until SIGINT or SIGTERM; return the exit status."""
    arguments = parser().parse_args()
    # Threads inherit this: a signal stays pending until the main thread asks for it.
    signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s", level=logging.INFO)
    try:
        if arguments.models is not None:
            source: Source = ModelsFolder(arguments.models)
        elif arguments.model_base_path is not None:
            base = arguments.model_base_path.absolute()
            source = ModelList([ModelSettings(arguments.model_name, base)])
        else:
            poll_seconds = arguments.model_config_file_poll_wait_seconds
            source = ConfigFile(arguments.model_config_file, poll_seconds)
        check_address(arguments.host, arguments.port)
        _serve(source, arguments)
    except (AddressError, ConfigError, TlsError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def _serve(source: Source, arguments: argparse.Namespace) -> None:
    # The libraries read these when they are loaded. What goes wrong is raised as well.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
    sys.modules.update(dict.fromkeys(_NOT_NEEDED))  # type: ignore[arg-type]  # "Not installed".
    gc.disable()  # Nothing of what is imported is garbage: looking for it takes a second.
    ssl_config = arguments.ssl_config_file
    credentials = None if ssl_config is None else server_credentials(ssl_config)
    # Takes seconds, so it comes after everything that may end with an error.
    from serving.model_server.grpc_server import Server
    from serving.model_server.manager import Manager
    from serving.model_server.servable import start_tensorflow

    start_tensorflow()
    manager = Manager(source, arguments.poll_seconds, batching=batch_settings(arguments))
    manager.start()
    try:
        while not manager.wait_for_first_pass(0.1):
            if signal.sigpending() & _SIGNALS:
                return
        threads = arguments.grpc_max_threads
        server = Server(manager, arguments.host, arguments.port, threads, credentials)
        print(f"model server listening on {server.address}", flush=True)
        signal.sigwait(_SIGNALS)
        logging.info("stopping: no new calls are taken, those in progress are answered")
        server.stop(_GRACE_SECONDS)
    finally:
        manager.stop()


if __name__ == "__main__":
    sys.exit(main())
