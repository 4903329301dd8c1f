"""The command line: `python -m serving.local --models DIR`."""

import argparse
import os
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

from serving.local import Chain, LocalError, running
from serving.repository.seed import seed
from serving.repository.versions import VersionsError

DEFAULT_PORT = 8080


def main(argv: Sequence[str] | None = None) -> int:
    """Seed the folder, run the chain until Ctrl-C or SIGTERM and return the exit status."""
    arguments = _parser().parse_args(argv)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _interrupt_once)
    try:
        list(seed(arguments.models))
        print("Starting the model server and the gateway…", flush=True)
        with running(arguments.models, host=arguments.host, port=arguments.port) as chain:
            print(_welcome(chain, arguments.models), flush=True)
            while True:
                chain.check()
                time.sleep(0.5)
    except (LocalError, VersionsError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nStopped.")
        return 0


def _interrupt_once(number: int, frame: FrameType | None) -> None:
    """Begin to stop; a second signal does not keep the programs from being stopped."""
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, signal.SIG_IGN)
    raise KeyboardInterrupt


def _welcome(chain: Chain, models: Path) -> str:
    python = os.path.relpath(sys.executable)
    if python.startswith(os.pardir):
        python = sys.executable
    model = "cats-dogs" if "cats-dogs" in chain.models else chain.models[0]
    return f"""
Photolabel answers for {", ".join(chain.models)}.

  in a browser   {chain.url}/
  with curl      curl --data-binary @photo.jpg '{chain.url}/v1/models/{model}:classify'
  with Python    {python} -m client classify {model} photo.jpg --url {chain.url}
  its log        tail -f {chain.gateway.log}

New versions in {models}/ are taken up at once, models with a new name at the next start.
Ctrl-C stops."""


def _port(text: str) -> int:
    port = int(text)
    if not 0 <= port <= 65535:
        raise argparse.ArgumentTypeError(f"{port} is not between 0 and 65535")
    return port


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "python -m serving.local",
        description="Serve the models in DIR on this machine; models without a version get their"
        " starter. The gateway's other settings are environment variables: python -m serving"
        " --help.",
        epilog="exit status: 0 stopped by Ctrl-C or SIGTERM, 1 it could not start or a part ended",
    )
    parser.add_argument("--models", type=Path, default=Path("models"), metavar="DIR")
    parser.add_argument("--host", default="127.0.0.1", help="listen here (default: %(default)s)")
    parser.add_argument(
        "--port", type=_port, default=DEFAULT_PORT, help="0 takes a free one (default: %(default)s)"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
