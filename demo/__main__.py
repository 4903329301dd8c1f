"""Classify sample photos with both starter models and show the results.

Starts the embedded model server and the gateway on free ports of this machine, sends the photos
with the client over HTTP, and stops both.
"""

import argparse
import contextlib
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table

from client import Photolabel, PhotolabelError
from demo.samples import Sample, SampleError, cats, garments
from serving.local import LocalError, Stack, run_stack
from serving.repository.seed import seed
from serving.repository.versions import VersionsError

# The first photos may be slow on a busy laptop.
_SETTINGS = {"PHOTOLABEL_TIME_BUDGET": "30"}

_CLOSING = """\
The garments are drawn by this program. The cat is one real photo, unchanged and
mirrored: there are cats only, because no Python package includes a free photo
of a dog.

Each photo was sent over HTTP to the gateway, which prepared its pixels and sent
them to the model server over gRPC; the probabilities were returned as JSON.

Next:  make serve   keep both running, with a web page for your own photos
       make train   train both models again on the real data sets
"""


@dataclass(frozen=True)
class Result:
    """A model's prediction for a sample."""

    sample: Sample
    version: int
    label: str
    probability: float

    @property
    def is_correct(self) -> bool:
        """Whether the predicted label is the expected one."""
        return self.label == self.sample.expected


def main(argv: Sequence[str] | None = None) -> int:
    """Run the demo and return its exit status."""
    arguments = _parser().parse_args(argv)
    console = Console()
    try:
        results = _results(console, arguments.keep_photos)
    except (LocalError, OSError, SampleError, VersionsError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
    console.print(_table(results))
    correct = sum(result.is_correct for result in results)
    console.print(
        f"{correct} of {len(results)} photos are classified correctly.\n", highlight=False
    )
    console.print(_CLOSING, highlight=False)
    return 0


def _results(console: Console, keep_photos: Path | None) -> list[Result]:
    with tempfile.TemporaryDirectory(prefix="photolabel-demo-") as folder:
        models = Path(folder)
        with _step(console, "Drawing garments, finding a cat"):
            groups = [list(garments()), list(cats())]
            if keep_photos is not None:
                _keep([sample for group in groups for sample in group], keep_photos)
        with contextlib.ExitStack() as until_classified:
            with _step(console, "Starting the model server and the gateway"):
                list(seed(models))
                stack = until_classified.enter_context(run_stack(models, settings=_SETTINGS))
            with _step(console, f"Classifying through {stack.url}"):
                return [result for group in groups for result in _classify(stack, group)]


def _classify(stack: Stack, samples: Sequence[Sample]) -> list[Result]:
    """Send the samples, all for the same model, in one request."""
    photos = [sample.encoded for sample in samples]
    with Photolabel(stack.url) as photolabel:
        try:
            predictions = photolabel.classify(photos, model=samples[0].model, top=1)
        except PhotolabelError as error:  # The log is removed when the stack stops.
            tail = stack.gateway.tail()
            raise LocalError(f"{error}\n  the last lines of the gateway's log:\n{tail}") from error
    return [
        Result(sample, prediction.version, prediction.label, prediction.probability)
        for sample, prediction in zip(samples, predictions, strict=True)
    ]


def _table(results: Sequence[Result]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for heading in ("Model", "Photo", "Expected", "Predicted"):
        table.add_column(heading, no_wrap=True)
    table.add_column("Probability", justify="right", no_wrap=True)
    table.add_column("Correct", no_wrap=True)
    for result in results:
        sample = result.sample
        table.add_row(
            f"{sample.model} {result.version}",
            sample.name,
            sample.expected,
            result.label,
            f"{result.probability:.1%}",
            "[green]yes[/]" if result.is_correct else "[red]no[/]",
        )
    return table


@contextlib.contextmanager
def _step(console: Console, what: str) -> Iterator[None]:
    """Show what is in progress, and how long it took."""
    started = time.monotonic()
    with console.status(f"{what}…"):
        yield
    console.print(f"{what}: {time.monotonic() - started:.1f} s", highlight=False)


def _keep(samples: Sequence[Sample], folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for sample in samples:
        (folder / sample.name).write_bytes(sample.encoded)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "python -m demo",
        description=__doc__,
        epilog="exit status: 0 all photos were classified, 1 an error occurred",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--keep-photos", type=Path, metavar="DIR", help="save the photos here")
    return parser


if __name__ == "__main__":
    sys.exit(main())
