"""The program behind the command line: it runs a command and reports its errors."""

import io
import os
import sys
from collections.abc import Sequence

from ..errors import PhotolabelError
from .commands import bulk, classify, completion, explain, models
from .errors import UsageError
from .options import EPILOG
from .parser import Parser
from .tables import one_line

_DESCRIPTION = "Classify photos with a Photolabel server."


def run(argv: Sequence[str] | None) -> int:
    """Run the command line and return its exit status.

    Raises:
        KeyboardInterrupt: as it came.
    """
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # Closed, as some schedulers start programs.
            setattr(sys, name, open(os.devnull, "w"))  # noqa: SIM115 - as long as the process lives
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # Characters missing from the terminal's encoding are shown as escapes.
            stream.reconfigure(errors="backslashreplace")
    arguments = _parser(_program()).parse_args(argv)
    try:
        status: int = arguments.run(arguments)
        sys.stdout.flush()
    except (UsageError, ValueError) as error:
        return _fail(str(error), 2)
    except PhotolabelError as error:
        return _fail(str(error), 1)
    except BrokenPipeError:  # The reader has closed the pipe, as in `… | head`.
        _discard_output()
        return 1
    except OSError as error:
        if error.filename:
            return _fail(f"{error.filename}: {error.strerror}", 2)
        _discard_output()
        return _fail(f"the output can't be written: {error.strerror or error}", 2)
    return status


def _program() -> str:
    """Return what users have typed: the installed command, or the module."""
    is_module = os.path.basename(sys.argv[0]) == "__main__.py"
    return f"python -m {__package__.partition('.')[0]}" if is_module else "photolabel"


def _parser(program: str) -> Parser:
    parser = Parser(program, description=_DESCRIPTION, epilog=EPILOG)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for command in (classify, explain, models, bulk):
        command.add(commands)
    completion.add(commands, _parser)
    return parser


def _discard_output() -> None:
    """Keep Python from writing the rest of the output, and failing again, when it ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _fail(message: str, status: int) -> int:
    print(f"error: {one_line(message)}", file=sys.stderr)  # noqa: T201
    return status
