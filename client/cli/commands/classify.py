"""The command `classify`: classify photos, and print a row for each."""

import argparse
from typing import Any

from ..options import (
    EPILOG,
    add_connection,
    add_output,
    add_photos,
    connect,
    form_of,
    selection,
)
from ..output import PhotoResults
from ..photo_files import PhotoFiles

_DESCRIPTION = "Classify photos, and print a row for each as its result comes."


def add(commands: Any) -> None:
    """Add the parser of this command."""
    parser = commands.add_parser(
        "classify", help="classify photos", description=_DESCRIPTION, epilog=EPILOG
    )
    add_photos(parser)
    add_output(parser)
    add_connection(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Run the command and return its exit status."""
    results = PhotoResults(form_of(arguments))
    files = PhotoFiles(arguments.photos, arguments.recursive, results.bad)
    with connect(arguments) as photolabel:
        for result in photolabel.classify_each(files, **selection(arguments)):
            results.add(result, files)
    return results.status
