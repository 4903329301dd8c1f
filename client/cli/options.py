"""Options that commands share, and what they select."""

import argparse
import os
import sys
import uuid
from pathlib import Path
from typing import Any

import shtab

from ..client import DEFAULT_RETRIES, DEFAULT_TIMEOUT, DEFAULT_URL, Photolabel
from .parser import header, not_negative, positive

EPILOG = """\
environment:
  PHOTOLABEL_URL      the server's address, unless --url is given
  PHOTOLABEL_API_KEY  the API key, unless --api-key-file is given

exit status:
  0    done
  1    server or network error, reported on standard error in one line
       (results that had arrived are printed)
  2    wrong usage, or a file that can't be read or written
  3    done, but some photos are bad or missing: a line for each on standard
       error
  130  interrupted
"""


def add_photos(parser: Any) -> None:
    """Add the arguments of a command that classifies photos."""
    option = parser.add_argument
    option("model", help="the model's name, such as clothing")
    photos = "a file, a folder, a quoted pattern such as '*.jpg', or - for standard input"
    option("photos", nargs="+", metavar="photo", help=photos).complete = shtab.FILE
    option("--recursive", action="store_true", help="take photos in subfolders of folders, too")
    option("--top", type=positive, metavar="K", help="show only the K most probable classes")
    selection = parser.add_mutually_exclusive_group()
    unchanged = "send large photos as they are"
    option("--no-shrink", dest="shrink", action="store_const", const=False, help=unchanged)
    version = "use this version of the model"
    selection.add_argument("--version", type=positive, metavar="N", help=version)
    selection.add_argument("--label", help="use the version with this label, such as canary")


def add_output(parser: Any) -> None:
    """Add the options for the form of the results."""
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print JSON lines: one object a row")
    form.add_argument("--csv", action="store_true", help="print CSV with a header")


def add_server(parser: Any) -> None:
    """Add the options for the server and the headers of requests."""
    option = parser.add_argument
    url = os.environ.get("PHOTOLABEL_URL") or DEFAULT_URL
    shown = url.replace("%", "%%")
    option("--url", default=url, help=f"the server's address (default: {shown})")
    key = "file with the API key"
    option("--api-key-file", type=Path, metavar="FILE", help=key).complete = shtab.FILE
    client_id = "name of the caller, who stays with one version while a new one is tried"
    option("--client-id", metavar="ID", help=client_id)
    further = "further header of each request, 'Name: value' (repeatable)"
    option("--header", type=header, action="append", default=[], metavar="HEADER", help=further)
    timeout = "how long to wait for each step of a request (default: %(default)g)"
    option("--timeout", type=float, default=DEFAULT_TIMEOUT, metavar="SECONDS", help=timeout)


def add_connection(parser: Any) -> None:
    """Add the options for the server and the requests."""
    add_server(parser)
    retries = "send a failed request again so often at most (default: %(default)d)"
    parser.add_argument(
        "--retries", type=not_negative, default=DEFAULT_RETRIES, metavar="N", help=retries
    )


def connect(arguments: argparse.Namespace) -> Photolabel:
    """Return the client for the options.

    Raises:
        ValueError: an option is invalid.
        OSError: the file with the key can't be read.
    """
    return Photolabel(
        arguments.url,
        api_key=api_key(arguments),
        timeout=arguments.timeout,
        retries=arguments.retries,
        # One name for all requests of the command, so that one version answers them.
        client_id=arguments.client_id or uuid.uuid4().hex,
        headers=dict(arguments.header),
        shrink=getattr(arguments, "shrink", None),
    )


def api_key(arguments: argparse.Namespace) -> str | None:
    """Return the API key, or raise `OSError` if its file can't be read."""
    if arguments.api_key_file is None:
        return os.environ.get("PHOTOLABEL_API_KEY") or None
    key: str = arguments.api_key_file.read_text("ascii", errors="replace").strip()
    return key


def form_of(arguments: argparse.Namespace) -> str:
    """Return the form of the results: "json", "csv", or "table" on a terminal and "tsv" else."""
    if arguments.json or arguments.csv:
        return "json" if arguments.json else "csv"
    return "table" if sys.stdout.isatty() else "tsv"


def selection(arguments: argparse.Namespace) -> dict[str, Any]:
    """Return the model, its version, and the classes, as arguments of the client."""
    # A line of a terminal has no room for ten classes.
    top = arguments.top or (3 if form_of(arguments) == "table" else None)
    names = ("model", "version", "label")
    return {**{name: getattr(arguments, name) for name in names}, "top": top}
