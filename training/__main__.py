"""The command line of training: `python -m training --help`."""

import argparse
import errno
import logging
import os
import sys
from collections.abc import Sequence
from importlib import import_module

from training.commands import COMMANDS, FORMER_NAMES
from training.console import in_one_line
from training.errors import Preempted, TrainingError
from training.termination_message import write_termination_message


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command and return its exit status.

    Returns:
        0: done; 1: failed; 2: usage error; 3: refused, by the publishing gate or when promoted;
            4: a model has drifted; 5: inconclusive; 75: stopped by SIGTERM, the same command
            resumes; 130: stopped by Ctrl-C.
    """
    words = sys.argv[1:] if argv is None else argv
    arguments = _parser(words).parse_args(words)
    # TensorFlow logs only fatal errors: it would report a missing GPU as an error.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    logging.getLogger("tensorflow").setLevel(logging.ERROR)  # It warns of each further network.
    status, end = _perform(arguments)
    if status:
        print(end, file=sys.stderr)
    write_termination_message(end)
    return status


def _perform(arguments: argparse.Namespace) -> tuple[int, str]:
    """Run a command, and return its exit status and how it ended, in one line."""
    try:
        end = arguments.command(arguments)
        sys.stdout.flush()
    except TrainingError as error:
        return error.exit_status, f"error: {in_one_line(str(error))}"
    except OSError as error:
        if error.filename:  # Of any file that is looked for: no permission, too long a name.
            said = f"error: {str(error.strerror).lower()}: {error.filename!s:.200}"
            return 1, in_one_line(said)
        if error.errno not in (errno.ENOSPC, errno.EPIPE):
            raise
        # Otherwise Python would write the rest of the output when it ends, and fail again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1, f"error: the output can't be written: {error.strerror}"
    except Preempted as stopped:
        return stopped.exit_status, "terminated"
    except KeyboardInterrupt:
        return 130, "interrupted"  # As shells report Ctrl-C.
    return 0, end or "done"


def _parser(words: Sequence[str]) -> argparse.ArgumentParser:
    """Return the parser with all commands, and with the arguments of the one that is named.

    The modules of the others are not imported: those of some take half a second.
    """
    parser = argparse.ArgumentParser(
        prog="python -m training",
        description="Train image classifiers and publish them.",
        epilog="exit status: 0 done, 1 failed, 2 usage error, 3 refused (by the publishing gate,"
        " for other labels, or as a worse version), 4 a model has drifted, 5 inconclusive,"
        " 75 terminated (the same command resumes), 130 interrupted",
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    named = next((word for word in words if not word.startswith("-")), None)
    for called, name in {**dict(zip(COMMANDS, COMMANDS, strict=True)), **FORMER_NAMES}.items():
        listed = called in COMMANDS
        subparser = (
            commands.add_parser(called, help=COMMANDS[called])
            if listed
            else commands.add_parser(called)
        )
        if called == named:
            command = import_module(f"training.commands.{name.replace('-', '_')}")
            subparser.set_defaults(command=command.run, words=words)
            command.add_arguments(subparser)
    return parser


if __name__ == "__main__":
    sys.exit(main())
