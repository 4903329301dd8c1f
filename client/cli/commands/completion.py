"""The command `completion`: print a script that completes commands and options in a shell."""

import argparse
from collections.abc import Callable
from typing import Any

import shtab

from ..output import print_line

_SHELLS = ("bash", "zsh", "tcsh")
_EPILOG = """\
examples:
  bash  photolabel completion bash > ~/.local/share/bash-completion/completions/photolabel
  zsh   photolabel completion zsh > ~/.zfunc/_photolabel
        (with `fpath+=~/.zfunc` before `compinit` in ~/.zshrc)
  tcsh  photolabel completion tcsh > ~/.photolabel.csh
        (with `source ~/.photolabel.csh` in ~/.tcshrc)
"""

_DESCRIPTION = "Print a script that completes commands and options in a shell."


def add(commands: Any, build: Callable[[str], argparse.ArgumentParser]) -> None:
    """Add the parser of this command.

    Args:
        commands: the parsers of the commands.
        build: returns the parser of a program with this name.
    """
    parser = commands.add_parser(
        "completion", help="print a completion script", description=_DESCRIPTION, epilog=_EPILOG
    )
    parser.add_argument("shell", choices=_SHELLS)
    parser.set_defaults(run=run, build=build)


def run(arguments: argparse.Namespace) -> int:
    """Run the command and return its exit status."""
    print_line(shtab.complete(arguments.build("photolabel"), arguments.shell))
    return 0
