"""The command line: `python -m client classify MODEL PHOTO …` and `python -m client models`."""

import argparse
import io
import json
import os
import stat
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from client.answers import Answer
from client.connection import DEFAULT_TIMEOUT, DEFAULT_URL, Client, Photo
from client.errors import ClientError, Refused
from client.tables import models_table, one_line, predictions_table

PHOTOS_PER_REQUEST = 8
BYTES_PER_REQUEST = 15_000_000  # Less than the server accepts by default.
CLASSES_IN_TABLE = 3

_STANDARD_INPUT = "-"
_EPILOG = """\
environment:
  PHOTOLABEL_URL      the server's address, where --url is not given
  PHOTOLABEL_API_KEY  the API key, where --api-key-file is not given

exit status:
  0  done: every photo was classified
  1  the server or the network refused; standard error says why in one line
     (photos that were classified before are printed)
  2  wrong usage, or a photo that can't be read
"""


class UsageError(Exception):
    """The command can't be carried out as it was given."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status."""
    arguments = _parser().parse_args(argv)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # What the encoding of this terminal lacks is shown as an escape.
            stream.reconfigure(errors="backslashreplace")
    try:
        arguments.run(arguments)
        sys.stdout.flush()
    except UsageError as error:
        return _fail(str(error), 2)
    except ClientError as error:
        return _fail(_explanation(error), 1)
    except BrokenPipeError:  # The reader has seen enough, as in `… | head`.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except KeyboardInterrupt:
        return _fail("interrupted", 130)
    return 0


def classify(arguments: argparse.Namespace) -> None:
    """Classify the photos, some in each request, and print what was answered."""
    batches = list(_batches(arguments.photos))
    top = arguments.top or (None if arguments.json else CLASSES_IN_TABLE)
    answers: list[Answer] = []
    try:
        with _client(arguments) as client:
            for names in batches:
                answer = client.classify(
                    arguments.model,
                    [_photo(name) for name in names],
                    version=arguments.version,
                    label=arguments.label,
                    top=top,
                )
                answers.append(_named(answer, names))
    except OSError as error:
        raise UsageError(_unreadable(error)) from error
    finally:
        if answers:
            _print(_answers_json(answers) if arguments.json else predictions_table(answers))


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
    try:
        key: str = arguments.api_key_file.read_text("ascii").strip()
    except OSError as error:
        raise UsageError(_unreadable(error)) from error
    return key


def _batches(names: Sequence[str]) -> Iterator[list[str]]:
    """Check that the photos can be read and share them out to requests, in their order."""
    if names.count(_STANDARD_INPUT) > 1:
        raise UsageError("standard input (-) can be given only once")
    batch: list[str] = []
    total = 0
    for name in names:
        size = _size(name)
        if batch and (len(batch) == PHOTOS_PER_REQUEST or total + size > BYTES_PER_REQUEST):
            yield batch
            batch, total = [], 0
        batch.append(name)
        total += size
    yield batch


def _size(name: str) -> int:
    """Return the bytes of a photo's file, 0 where they are not known before it is read."""
    if name == _STANDARD_INPUT:
        return 0
    try:
        found = os.stat(name)
    except (OSError, ValueError) as error:
        raise UsageError(f"{name}: {getattr(error, 'strerror', error)}") from error
    if stat.S_ISDIR(found.st_mode):
        raise UsageError(f"{name} is a directory; give the photos in it, such as {name}/*.jpg")
    if not os.access(name, os.R_OK):
        raise UsageError(f"{name}: Permission denied")
    return found.st_size


def _photo(name: str) -> Photo:
    return sys.stdin.buffer if name == _STANDARD_INPUT else name


def _named(answer: Answer, names: Sequence[str]) -> Answer:
    """Call the photos as the command line does: two folders may hold files of one name."""
    pairs = zip(answer.predictions, names, strict=True)
    predictions = tuple(replace(prediction, image=name) for prediction, name in pairs)
    return replace(answer, predictions=predictions)


def _answers_json(answers: Sequence[Answer]) -> dict[str, Any]:
    """Return one document. A version may replace another between two requests: each tells its."""
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


def _explanation(error: ClientError) -> str:
    """Return the error with what is wrong with each single photo."""
    told = error.problem.get("errors") if isinstance(error, Refused) else None
    bad = [each for each in told or () if isinstance(each, dict)]
    named = [f"{each.get('image')}: {each.get('detail')}" for each in bad]
    if len(bad) == 1 and (detail := str(bad[0].get("detail"))) in str(error):
        return str(error).replace(detail, named[0])  # The server's words on a lone photo.
    return " ".join([str(error), *named])


def _unreadable(error: OSError) -> str:
    return f"{error.filename}: {error.strerror}"


def _fail(message: str, status: int) -> int:
    print(f"error: {one_line(message)}", file=sys.stderr)
    return status


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{number} is below 1")
    return number


def _parser() -> argparse.ArgumentParser:
    options: dict[str, Any] = {
        "epilog": _EPILOG,
        "formatter_class": argparse.RawDescriptionHelpFormatter,
    }
    parser = argparse.ArgumentParser("python -m client", description=__doc__, **options)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    common = _common_options()
    ask = commands.add_parser("classify", help="classify photos", parents=[common], **options)
    ask.add_argument("model", help="the model's name, such as cats-dogs")
    ask.add_argument("photos", nargs="+", metavar="photo", help="a file; - is standard input")
    ask.add_argument("--top", type=_positive, metavar="K", help="only the K most probable classes")
    which = ask.add_mutually_exclusive_group()
    which.add_argument("--version", type=int, metavar="N", help="ask this version of the model")
    which.add_argument("--label", help="ask the version with this label")
    ask.set_defaults(run=classify)
    listing = commands.add_parser("models", help="list the models", parents=[common], **options)
    listing.set_defaults(run=models)
    return parser


def _common_options() -> argparse.ArgumentParser:
    common = argparse.ArgumentParser(add_help=False)
    url = os.environ.get("PHOTOLABEL_URL") or DEFAULT_URL
    shown = url.replace("%", "%%")
    common.add_argument("--url", default=url, help=f"the server's address (now: {shown})")
    common.add_argument("--json", action="store_true", help="print JSON instead of a table")
    common.add_argument("--api-key-file", type=Path, metavar="FILE", help="file with the API key")
    common.add_argument(
        "--timeout",
        type=float,
        default=DEFAULT_TIMEOUT,
        metavar="SECONDS",
        help=f"how long to wait for each step of a request (default: {DEFAULT_TIMEOUT:g})",
    )
    return common


if __name__ == "__main__":
    sys.exit(main())
