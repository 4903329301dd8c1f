"""The command line of training: `python -m training --help`. It parses; others do the work."""

import argparse
import os
import sys
from collections.abc import Sequence

from training.commands import COMMANDS
from training.errors import Preempted, TrainingError

_INTERRUPTED = 130  # As a shell reports a program that Ctrl-C ended.


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command and return its exit status.

    Returns:
        0: done; 1: it failed; 2: the command was wrong; 3: the publishing gate refused; 4: a model
            has drifted; 5: it can't be told whether it has; 75: SIGTERM stopped it, the same
            command goes on; 130: Ctrl-C did.
    """
    arguments = _parser().parse_args(argv)
    # TensorFlow's log is left to its fatal errors: it reports a missing GPU as one of lesser kind.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    try:
        arguments.command(arguments)
    except TrainingError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_status
    except Preempted as stopped:
        print("terminated", file=sys.stderr)
        return stopped.exit_status
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return _INTERRUPTED
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m training",
        description="Train image classifiers and publish them.",
        epilog="exit status: 0 done, 1 failed, 2 wrong command, 3 refused by the publishing gate,"
        " 4 a model has drifted, 5 that can't be told, 75 terminated and to be continued by the"
        " same command, 130 interrupted",
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for command in COMMANDS:
        command.add(commands)
    return parser


if __name__ == "__main__":
    sys.exit(main())
