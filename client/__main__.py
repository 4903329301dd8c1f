"""The command line: `python -m client classify MODEL PHOTO …`, `explain …` and `models`."""

import argparse
import io
import json
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from .answers import Answer
from .cli.commands import bulk
from .cli.photo_files import UsageError, as_photo, batches
from .cli.tables import heat_tables, models_table, one_line, predictions_table
from .client import DEFAULT_TIMEOUT, DEFAULT_URL, Client
from .errors import ClientError, Refused

CLASSES_IN_TABLE = 3

_EPILOG = """\
environment:
  PHOTOLABEL_URL      the server's address, unless --url is given
  PHOTOLABEL_API_KEY  the API key, unless --api-key-file is given

exit status:
  0  done: every photo was classified
  1  server or network error, reported on standard error in one line
     (photos that were already classified are printed)
  2  wrong usage, or a file that can't be read or written
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status."""
    arguments = _parser().parse_args(argv)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # Characters missing from the terminal's encoding are shown as escapes.
            stream.reconfigure(errors="backslashreplace")
    try:
        status: int | None = arguments.run(arguments)
        sys.stdout.flush()
    except UsageError as error:
        return _fail(str(error), 2)
    except ClientError as error:
        return _fail(_message(error), 1)
    except BrokenPipeError:  # The reader has closed the pipe, as in `… | head`.
        _discard_output()
        return 1
    except OSError as error:
        if not error.filename:  # It was the output that can't be written.
            _discard_output()
        return _fail(f"{error.filename}: {error.strerror}" if error.filename else str(error), 2)
    except KeyboardInterrupt:
        return _fail("interrupted", 130)
    return status or 0


def _discard_output() -> None:
    """Keep Python from writing the rest of the output, and failing again, when it ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def classify(arguments: argparse.Namespace) -> None:
    """Classify the photos in batches and print the predictions."""
    _post_all(arguments, Client.classify, predictions_table)


def explain(arguments: argparse.Namespace) -> None:
    """Classify the photos and print their heat maps, or draw one into a file."""
    if arguments.png is None:
        _post_all(arguments, Client.explain, heat_tables)
        return
    if len(arguments.photos) != 1:
        raise UsageError(f"--png draws one photo, not {len(arguments.photos)}")
    if arguments.json or arguments.top:
        raise UsageError("--png draws a picture: leave out --json and --top")
    _ = list(batches(arguments.photos))  # Checks the photo before anything is sent.
    selected = {"version": arguments.version, "label": arguments.label}
    with _client(arguments) as client:
        picture = client.picture(arguments.model, as_photo(arguments.photos[0]), **selected)
    arguments.png.write_bytes(picture)


def _post_all(
    arguments: argparse.Namespace,
    post: Callable[..., Answer],
    to_table: Callable[[Sequence[Answer]], Table],
) -> None:
    all_batches = list(batches(arguments.photos))
    top = arguments.top or (None if arguments.json else CLASSES_IN_TABLE)
    options = {"version": arguments.version, "label": arguments.label, "top": top}
    answers: list[Answer] = []
    try:
        with _client(arguments) as client:
            for names in all_batches:
                photos = [as_photo(name) for name in names]
                answer = post(client, arguments.model, photos, **options)
                answers.append(_with_names(answer, names))
    finally:
        if answers:
            _print(_to_json(answers) if arguments.json else to_table(answers))


def models(arguments: argparse.Namespace) -> None:
    """Print the models that the server knows."""
    with _client(arguments) as client:
        found = client.models()
    _print([asdict(model) for model in found] if arguments.json else models_table(found))


def _client(arguments: argparse.Namespace) -> Client:
    try:
        return Client(arguments.url, api_key=_api_key(arguments), timeout=arguments.timeout)
    except ValueError as error:
        raise UsageError(str(error)) from error


def _api_key(arguments: argparse.Namespace) -> str | None:
    if arguments.api_key_file is None:
        return os.environ.get("PHOTOLABEL_API_KEY") or None
    key: str = arguments.api_key_file.read_text("ascii").strip()
    return key


def _with_names(answer: Answer, names: Sequence[str]) -> Answer:
    """Name the photos as on the command line: two folders may hold files of the same name."""
    pairs = zip(answer.predictions, names, strict=True)
    predictions = tuple(replace(prediction, image=name) for prediction, name in pairs)
    return replace(answer, predictions=predictions)


def _to_json(answers: Sequence[Answer]) -> dict[str, Any]:
    """Each prediction has its version: a new one may be published between two requests."""
    return {
        "model": answers[0].model,
        "predictions": [
            {"image": prediction.image, "version": answer.version, **asdict(prediction)}
            for answer in answers
            for prediction in answer.predictions
        ],
    }


def _print(content: Table | dict[str, Any] | list[Any]) -> None:
    if isinstance(content, Table):
        Console().print(content)
    else:
        print(json.dumps(content, indent=2))


def _message(error: ClientError) -> str:
    """Return the error's message, with what is wrong with each bad photo."""
    errors = error.problem.get("errors") if isinstance(error, Refused) else None
    bad = [each for each in errors or () if isinstance(each, dict)]
    named = [f"{each.get('image')}: {each.get('detail')}" for each in bad]
    if len(bad) == 1 and (detail := str(bad[0].get("detail"))) in str(error):
        return str(error).replace(detail, named[0])  # The server repeats a single photo's detail.
    return " ".join([str(error), *named])


def _fail(message: str, status: int) -> int:
    print(f"error: {one_line(message)}", file=sys.stderr)
    return status


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{number} is below 1")
    return number


def _parser() -> argparse.ArgumentParser:
    options: Any = {"epilog": _EPILOG, "formatter_class": argparse.RawDescriptionHelpFormatter}
    parser = argparse.ArgumentParser("python -m client", description=__doc__, **options)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    common, photos = _common_options(), _photo_options()

    def add(name: str, run: Callable[..., None], text: str, *parents: Any) -> Any:
        command = commands.add_parser(name, help=text, parents=[common, *parents], **options)
        command.set_defaults(run=run)
        return command

    add("classify", classify, "classify photos", photos)
    png = "draw the heat map over the photo and write it to this PNG file"
    explaining = add("explain", explain, "classify photos and show heat maps", photos)
    explaining.add_argument("--png", type=Path, metavar="FILE", help=png)
    add("models", models, "list the models")
    bulk.add(commands)
    return parser


def _photo_options() -> argparse.ArgumentParser:
    options = argparse.ArgumentParser(add_help=False)
    options.add_argument("model", help="the model's name, such as cats-dogs")
    options.add_argument("photos", nargs="+", metavar="photo", help="a file; - is standard input")
    top = "show only the K most probable classes"
    options.add_argument("--top", type=_positive, metavar="K", help=top)
    selection = options.add_mutually_exclusive_group()
    selection.add_argument("--version", type=int, metavar="N", help="use this version of the model")
    selection.add_argument("--label", help="use the version with this label")
    return options


def _common_options() -> argparse.ArgumentParser:
    options = argparse.ArgumentParser(add_help=False)
    url = os.environ.get("PHOTOLABEL_URL") or DEFAULT_URL
    shown = url.replace("%", "%%")
    options.add_argument("--url", default=url, help=f"the server's address (default: {shown})")
    options.add_argument("--json", action="store_true", help="print JSON instead of a table")
    options.add_argument("--api-key-file", type=Path, metavar="FILE", help="file with the API key")
    options.add_argument(
        "--timeout",
        type=float,
        default=DEFAULT_TIMEOUT,
        metavar="SECONDS",
        help="how long to wait for each step of a request (default: %(default)g)",
    )
    return options


if __name__ == "__main__":
    sys.exit(main())
