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

from client.answers import Answer
from client.cli.photo_files import UsageError, batches, opened, unreadable
from client.cli.tables import heat_tables, models_table, one_line, predictions_table
from client.client import DEFAULT_TIMEOUT, DEFAULT_URL, Client
from client.errors import ClientError, Refused

CLASSES_IN_TABLE = 3

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
    _ask_all(arguments, Client.classify, predictions_table)


def explain(arguments: argparse.Namespace) -> None:
    """Classify the photos and print, or draw, where in them the evidence is."""
    if arguments.png is None:
        _ask_all(arguments, Client.explain, heat_tables)
        return
    if len(arguments.photos) != 1:
        raise UsageError(f"--png draws one photo, not {len(arguments.photos)}")
    if arguments.json or arguments.top:
        raise UsageError("--png draws a picture: leave out --json and --top")
    _ = list(batches(arguments.photos))  # Told before anything is sent.
    which = {"version": arguments.version, "label": arguments.label}
    try:
        with _client(arguments) as client:
            picture = client.picture(arguments.model, opened(arguments.photos[0]), **which)
        arguments.png.write_bytes(picture)
    except OSError as error:
        raise UsageError(unreadable(error)) from error


def _ask_all(
    arguments: argparse.Namespace,
    ask: Callable[..., Answer],
    show: Callable[[Sequence[Answer]], Table],
) -> None:
    shares = list(batches(arguments.photos))
    top = arguments.top or (None if arguments.json else CLASSES_IN_TABLE)
    answers: list[Answer] = []
    try:
        with _client(arguments) as client:
            for names in shares:
                answer = ask(
                    client,
                    arguments.model,
                    [opened(name) for name in names],
                    version=arguments.version,
                    label=arguments.label,
                    top=top,
                )
                answers.append(_named(answer, names))
    except OSError as error:
        raise UsageError(unreadable(error)) from error
    finally:
        if answers:
            _print(_answers_json(answers) if arguments.json else show(answers))


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
        raise UsageError(unreadable(error)) from error
    return key


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
    questions = [common, _question_options()]
    ask = commands.add_parser("classify", help="classify photos", parents=questions, **options)
    ask.set_defaults(run=classify)
    why = commands.add_parser(
        "explain", help="classify photos and show why", parents=questions, **options
    )
    why.add_argument(
        "--png", type=Path, metavar="FILE", help="draw the reasons over the one photo into a file"
    )
    why.set_defaults(run=explain)
    listing = commands.add_parser("models", help="list the models", parents=[common], **options)
    listing.set_defaults(run=models)
    return parser


def _question_options() -> argparse.ArgumentParser:
    question = argparse.ArgumentParser(add_help=False)
    question.add_argument("model", help="the model's name, such as cats-dogs")
    question.add_argument("photos", nargs="+", metavar="photo", help="a file; - is standard input")
    top = "only the K most probable classes"
    question.add_argument("--top", type=_positive, metavar="K", help=top)
    which = question.add_mutually_exclusive_group()
    which.add_argument("--version", type=int, metavar="N", help="ask this version of the model")
    which.add_argument("--label", help="ask the version with this label")
    return question


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
