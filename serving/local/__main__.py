"""The command line: `python -m serving.local --models DIR`."""

import argparse
import io
import os
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

from serving.local import LocalError, Stack, run_stack
from serving.local.model_states import StateChanges
from serving.local.served import describe_served
from serving.repository.errors import ConfigError
from serving.repository.seed import seed
from serving.repository.versions import VersionsError


def main(argv: Sequence[str] | None = None) -> int:
    """Seed the folder, run the stack until Ctrl-C or SIGTERM and return the exit status."""
    arguments = _parser().parse_args(argv)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # The terminal may lack characters.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _interrupt_once)
    try:
        _seed(arguments.models)
        print("Starting the model server and the gateway…", flush=True)
        with run_stack(arguments.models, host=arguments.host, port=arguments.port) as stack:
            print(_welcome(stack, arguments.models), flush=True)
            changes = StateChanges(stack.current_states, stack.states)
            while True:
                stack.check()
                for line in changes.lines():
                    print(line, flush=True)
                time.sleep(0.5)
    except (ConfigError, LocalError, VersionsError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nStopped.")
        return 0


def _interrupt_once(number: int, frame: FrameType | None) -> None:
    """Stop; ignore further signals, so that both processes are stopped in order."""
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, signal.SIG_IGN)
    raise KeyboardInterrupt


def _seed(models: Path) -> None:
    """Publish the starters; where one can't be, the models that are there are served."""
    try:
        list(seed(models))
    except VersionsError as error:
        if not models.is_dir():
            raise
        print(f"The starter models were not published: {error}", flush=True)


def _welcome(stack: Stack, models: Path) -> str:
    beside = Path(sys.executable).with_name("photolabel")
    command = os.path.relpath(beside) if beside.exists() else "photolabel"
    if command.startswith(os.pardir):
        command = str(beside)
    model = "cats-dogs" if "cats-dogs" in stack.models else stack.models[0]
    served = [line for name in stack.models if (line := _chosen(models / name))]
    broken = [f"{name}: {state}" for name, state in stack.states.items() if state.reason]
    lines = "".join(f"\n  {line}" for line in [*served, *broken])
    unless = ", unless a version is pinned or labelled stable" if served else ""
    return f"""
Photolabel serves {", ".join(stack.models)}.{lines}

  in a browser   {stack.url}/
  with curl      curl --data-binary @photo.jpg '{stack.url}/v1/models/{model}:classify'
  by command     {command} classify {model} photo.jpg --url {stack.url}
  its log        tail -f {stack.gateway.log}

New models and versions in {models}/ are served at once{unless}.
Press Ctrl-C to stop."""


def _chosen(base: Path) -> str | None:
    try:
        return describe_served(base)
    except (ConfigError, VersionsError):  # Changed since the start; the log says so.
        return None


def _port(text: str) -> int:
    port = int(text)
    if not 0 <= port <= 65535:
        raise argparse.ArgumentTypeError(f"{port} is not between 0 and 65535")
    return port


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "python -m serving.local",
        description="Serve the models in DIR on this machine. Starter models without a version are"
        " published there first. The gateway's other settings are environment variables: see"
        " python -m serving --help.",
        epilog="exit status: 0 stopped by Ctrl-C or SIGTERM, 1 failed to start, or a process ended",
    )
    parser.add_argument("--models", type=Path, default="models", metavar="DIR")
    parser.add_argument("--host", default="127.0.0.1", help="listen here (default: %(default)s)")
    help_ = "0 picks a free one (default: %(default)s)"
    parser.add_argument("--port", type=_port, default=8080, help=help_)
    return parser


if __name__ == "__main__":
    sys.exit(main())
