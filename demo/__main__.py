"""Classify sample photos with both starter models, through the whole chain, and show the answers.

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

import httpx
from rich import box
from rich.console import Console
from rich.table import Table

from client import Client, ClientError
from demo.samples import Sample, SampleError, cats, garments
from serving.local import Chain, LocalError, running
from serving.repository.seed import seed
from serving.repository.versions import VersionsError

# A busy laptop may take its time for the first photos.
_SETTINGS = {"PHOTOLABEL_TIME_BUDGET": "30"}

_CLOSING = """\
The garments are drawn by this program. The cat is one real photo, as it is and
mirrored: there are cats only, because no Python package comes with a free photo
of a dog.

Each photo went over HTTP to the gateway, which turned it into pixels and asked
the model server over gRPC; the probabilities came back as JSON.

Next:  make serve   keep all this running, with a web page for your own photos
       make train   train both models anew on the real data sets
"""


@dataclass(frozen=True)
class Result:
    """What a model answered for a sample."""

    sample: Sample
    version: int
    label: str
    probability: float

    @property
    def is_right(self) -> bool:
        """Whether the answer is the expected one."""
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
    right = sum(result.is_right for result in results)
    console.print(f"{right} of {len(results)} are right.\n", highlight=False)
    console.print(_CLOSING, highlight=False)
    return 0


def _results(console: Console, keep_photos: Path | None) -> list[Result]:
    with tempfile.TemporaryDirectory(prefix="photolabel-demo-") as folder:
        models = Path(folder)
        with _step(console, "Drawing garments, finding a cat"):
            groups = [list(garments()), list(cats())]
            if keep_photos is not None:
                _keep([sample for group in groups for sample in group], keep_photos)
        with contextlib.ExitStack() as chain_until_answered:
            with _step(console, "Starting the model server and the gateway"):
                list(seed(models))
                chain = chain_until_answered.enter_context(running(models, settings=_SETTINGS))
            with _step(console, f"Classifying through {chain.url}"):
                return [result for group in groups for result in _classify(chain, group)]


def _classify(chain: Chain, samples: Sequence[Sample]) -> list[Result]:
    """Send the samples, all of one model, in one request."""
    photos = [sample.encoded for sample in samples]
    # A transport of its own: whatever proxy the environment names is not for this machine.
    with Client(chain.url, transport=httpx.HTTPTransport()) as client:
        try:
            answer = client.classify(samples[0].model, photos, top=1)
        except ClientError as error:  # The log is gone when the chain has stopped.
            tail = chain.gateway.tail()
            raise LocalError(f"{error}\n  the end of the gateway's log:\n{tail}") from error
    return [
        Result(sample, answer.version, prediction.label, prediction.probability)
        for sample, prediction in zip(samples, answer.predictions, strict=True)
    ]


def _table(results: Sequence[Result]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for heading in ("Model", "Photo", "Expected", "Answered"):
        table.add_column(heading, no_wrap=True)
    table.add_column("Probability", justify="right", no_wrap=True)
    table.add_column("Right", no_wrap=True)
    for result in results:
        sample = result.sample
        table.add_row(
            f"{sample.model} {result.version}",
            sample.name,
            sample.expected,
            result.label,
            f"{result.probability:.1%}",
            "[green]yes[/]" if result.is_right else "[red]no[/]",
        )
    return table


@contextlib.contextmanager
def _step(console: Console, what: str) -> Iterator[None]:
    """Show what is being done, and in the end how long it took."""
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
        epilog="exit status: 0 the chain answered, 1 it did not",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--keep-photos", type=Path, metavar="DIR", help="write the photos here")
    return parser


if __name__ == "__main__":
    sys.exit(main())
