"""Run the gateway: `python -m serving`; make an API key: `python -m serving new-key`."""

import argparse
import os
import sys
from collections.abc import Callable
from pathlib import Path

from serving.gateway.api.api_keys import new_key, read_sums
from serving.gateway.model_names import read_names
from serving.gateway.settings import (
    PREFIX,
    Settings,
    SettingsError,
    read_settings,
    settings_table,
)
from serving.gateway.telemetry.logs import configure_logging
from serving.gateway.telemetry.tracing import exporter_is_set
from serving.repository.canary_shares import read_shares
from serving.tls.certificates import TlsError


def main(argv: list[str] | None = None) -> int:
    """Run the gateway until it is stopped; return the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m serving",
        description="Serve image classifiers over HTTP.",
        epilog=f"settings (environment variables):\n{settings_table()}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "command",
        nargs="?",
        choices=["serve", "new-key"],
        default="serve",
        help="serve (default), or make an API key and print it with its line for the keys file",
    )
    if parser.parse_args(argv).command == "new-key":
        key, line = new_key()
        print(
            f"API key (shown only once):         {key}\nline for PHOTOLABEL_API_KEYS_FILE:  {line}"
        )
        return 0
    return _serve()


_CHANGING_FILES: dict[str, Callable[[Path], object]] = {
    "api_keys_file": read_sums,
    "canary_shares_file": read_shares,
    "model_config_file": read_names,
}
"""Settings that name files which may change later, and what reads each."""


def _check_files(settings: Settings) -> None:
    """Read the files that may change later, so that mistakes are shown at the start."""
    for name, read in _CHANGING_FILES.items():
        file: Path | None = getattr(settings, name)
        try:
            if file:
                read(file)
        except OSError as error:
            raise SettingsError(f"{PREFIX}{name.upper()}: {file}: {error.strerror}") from error
        except UnicodeDecodeError as error:
            raise SettingsError(f"{PREFIX}{name.upper()}: {file} is not UTF-8 text") from error
        except ValueError as error:
            raise SettingsError(f"{PREFIX}{name.upper()}: {error}") from error


def _serve() -> int:
    # gRPC's own log lines have another format; our log says why calls fail.
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
    try:
        settings = read_settings()
        _check_files(settings)
        tls = settings.tls_files()
        pem = tls.read() if tls else None
        exporter_is_set()
    except (SettingsError, TlsError, OSError, ValueError) as error:
        print(f"photolabel: {error}", file=sys.stderr)
        return 2
    configure_logging(settings.log_level, settings.log_format)
    from serving.gateway.server.gunicorn_app import Gateway

    Gateway(settings, pem).run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
