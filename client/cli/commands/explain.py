"""The command `explain`: classify photos with heat maps, or draw one into a PNG file."""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import shtab

from ...client import Photolabel
from ...errors import Refused
from ...photos import Photo
from ...results import BadPhoto
from ..errors import UsageError
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

_TOO_LARGE = 413
_T = TypeVar("_T")

_DESCRIPTION = "Classify photos and show heat maps, or draw one into a PNG file."


def add(commands: Any) -> None:
    """Add the parser of this command."""
    text = "classify photos and show heat maps"
    parser = commands.add_parser("explain", help=text, description=_DESCRIPTION, epilog=EPILOG)
    add_photos(parser)
    png = "draw the heat map over the photo and write it to this PNG file"
    parser.add_argument("--png", type=Path, metavar="FILE", help=png).complete = shtab.FILE
    add_output(parser)
    add_connection(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Run the command and return its exit status."""
    if arguments.png is not None and (arguments.json or arguments.csv or arguments.top):
        raise UsageError("--png draws a picture: leave out --json, --csv and --top")
    results = PhotoResults(form_of(arguments), heat=True)
    files = PhotoFiles(arguments.photos, arguments.recursive, results.bad)
    with connect(arguments) as photolabel:
        if arguments.png is not None:
            _draw(photolabel, files, results, arguments)
        else:
            for photo in files:
                explained = _tried(photolabel.explain, photo, selection(arguments))
                results.add(explained, files)
    return results.status


def _tried(request: Callable[..., _T], photo: Photo, options: dict[str, Any]) -> _T | BadPhoto:
    """Return the result for one photo, so that a bad one is not the end of the others."""
    try:
        return request(photo, **options)
    except OSError as error:
        return BadPhoto.unreadable("", error)
    except Refused as refused:
        if not refused.errors and refused.status != _TOO_LARGE:
            raise
        problem = refused.errors[0] if refused.errors else refused.problem
        return BadPhoto.refused("", problem, refused.status)


def _draw(
    photolabel: Photolabel,
    files: PhotoFiles,
    results: PhotoResults,
    arguments: argparse.Namespace,
) -> None:
    photos = list(files)
    if len(photos) != 1:
        raise UsageError(f"--png draws one photo, not {len(photos)}")
    options = selection(arguments)
    del options["top"]
    picture = _tried(photolabel.heat_map, photos[0], options)
    if isinstance(picture, BadPhoto):
        results.add(picture, files)
        return
    try:
        _write(arguments.png, picture)
    except OSError as error:
        raise UsageError(f"{arguments.png}: {error.strerror}") from error


def _write(path: Path, content: bytes) -> None:
    """Write a file; if this fails, as on a full disk, leave no part of it."""
    file = path.open("wb")
    try:
        with file:
            file.write(content)
    except OSError:
        if path.is_file():
            path.unlink()
        raise
