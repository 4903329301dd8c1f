"""The command `models`: list the models that the server knows."""

import argparse
from dataclasses import asdict
from typing import Any

from rich.console import Console

from ...results import Model
from ..options import EPILOG, add_connection, add_output, connect, form_of
from ..output import Rows
from ..tables import models_table

_COLUMNS = ("name", "state", "version", "input_shape", "labels", "detail", "version_labels")

_DESCRIPTION = "List the models that the server knows."


def add(commands: Any) -> None:
    """Add the parser of this command."""
    parser = commands.add_parser(
        "models", help="list the models", description=_DESCRIPTION, epilog=EPILOG
    )
    add_output(parser)
    add_connection(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Run the command and return its exit status."""
    with connect(arguments) as photolabel:
        found = photolabel.models()
    form = form_of(arguments)
    if form == "table":
        Console(highlight=False).print(models_table(found))
        return 0
    rows = Rows(form, _COLUMNS)
    for model in found:
        rows.add(_record(model, form))
    return 0


def _record(model: Model, form: str) -> dict[str, Any]:
    record = asdict(model)
    if form != "json":
        labelled = {each.label: each.version for each in model.version_labels}
        record["version_labels"] = labelled
        record["input_shape"] = "x".join(str(size) for size in model.input_shape or ())
    return record
