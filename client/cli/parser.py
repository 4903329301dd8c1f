"""An argument parser that takes no abbreviations, no API key, and reports errors in one line."""

import argparse
from typing import Any, NoReturn

from .tables import one_line

_NO_KEY = (
    "there is no --api-key, because other users of this machine could read the key in the list of"
    " processes: use --api-key-file FILE or the environment variable PHOTOLABEL_API_KEY"
)


class Parser(argparse.ArgumentParser):
    """The parser of the program and of each command."""

    def __init__(self, *names: Any, **options: Any) -> None:
        described = {"formatter_class": argparse.RawDescriptionHelpFormatter}
        super().__init__(*names, **{"allow_abbrev": False, **described, **options})
        self.add_argument("--api-key", nargs="?", action=_RefusedKey, help=argparse.SUPPRESS)
        self._intermixes = False

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Parse the arguments; those of a command may have options between them."""
        if self._intermixes or self._subparsers is not None:
            return super().parse_known_args(args, namespace)
        self._intermixes = True  # The method for that calls this one.
        try:
            return self.parse_known_intermixed_args(args, namespace)
        finally:
            self._intermixes = False

    def error(self, message: str) -> NoReturn:
        """Print the error in one line, and end with status 2."""
        self.exit(2, f"error: {one_line(message)} (see {self.prog} --help)\n")


class _RefusedKey(argparse.Action):
    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> NoReturn:
        parser.error(_NO_KEY)


def positive(text: str) -> int:
    """Return a number from 1 on; the type of an option."""
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{number} is below 1")
    return number


def not_negative(text: str) -> int:
    """Return a number from 0 on; the type of an option."""
    number = int(text)
    if number < 0:
        raise argparse.ArgumentTypeError(f"{number} is below 0")
    return number


def header(text: str) -> tuple[str, str]:
    """Return the name and the value of a header; the type of an option."""
    name, colon, value = text.partition(":")
    if not colon:
        raise argparse.ArgumentTypeError(f"{text!r} is not a header such as 'Name: value'")
    return name.strip(), value.strip()
