"""The command line: `python -m benchmarks.photos`."""

import argparse
import contextlib
import json
import os
import platform
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from benchmarks.photos import measuring
from benchmarks.photos.measuring import Bench, Results
from benchmarks.photos.posting import Gateway
from benchmarks.photos.sources import Items, data_folder
from benchmarks.serving.report import bars
from tests.e2e.processes import STARTERS, gateway, model_server, wait_until_ready
from training.errors import TrainingError
from training.publishing.model_folder import find_version
from training.publishing.published_model import PublishedModel

_MODELS = ("clothing", "cats-dogs")
_PARTS = ("distorted", "real", "exact")
_ALL = 10**9
_DESCRIPTION = """\
Start a gateway and the embedded model server, post photos and score the predictions:

distorted  the test images of Fashion-MNIST and dogs-vs-cats as photos: upscaled, on several
           backgrounds, off centre, rotated by EXIF, as JPEGs, with noise, blur, other brightness;
           each kind compared with the clean images, with the 95% interval of the paired difference
real       real photos of garments, from a shop and from home
exact      sideways photos compared with upright ones; the gateway with the model in this process;
           12-megapixel JPEGs decoded at a reduced size with the same decoded at full size
           (processor time, and change of the probabilities)

The exit status is 1 if a bar is missed (0 with --report-only)."""


def main() -> int:
    """Measure, print the tables and save them."""
    arguments = _arguments()
    console = Console()
    try:
        results = _measure(arguments, console)
    except TrainingError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_status
    pages = [*results.pages, bars(results.bars)]
    for page in pages:
        console.print(page.to_rich())
    _write(arguments, results, "\n".join(page.to_markdown() for page in pages))
    console.print(f"saved: {arguments.output}/results.json and results.md")
    missed = any(each.met is False for each in results.bars)
    return 1 if missed and not arguments.report_only else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.photos",
        description=_DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--limit",
        type=int,
        default=500,
        metavar="N",
        help="use the first N test images; 0: all (default: 500)",
    )
    parser.add_argument(
        "--large",
        type=int,
        default=100,
        metavar="N",
        help="12-megapixel photos to compare per model (default: 100)",
    )
    parser.add_argument(
        "--only", choices=_PARTS, nargs="+", default=_PARTS, help="run these parts (default: all)"
    )
    parser.add_argument(
        "--model",
        choices=_MODELS,
        nargs="+",
        default=_MODELS,
        help="measure these models (default: all)",
    )
    parser.add_argument(
        "--models",
        type=Path,
        default=STARTERS,
        metavar="DIR",
        help="folder of models (default: the starter models)",
    )
    parser.add_argument(
        "--data",
        type=Path,
        help="folder of the data sets (default: PHOTOLABEL_DATA, or else ../shared/data)",
    )
    parser.add_argument(
        "--report-only", action="store_true", help="return 0 even if a bar is missed"
    )
    parser.add_argument(
        "--output",
        type=Path,
        default=Path("build/bench-photos"),
        help="folder for results.json and results.md (default: build/bench-photos)",
    )
    return parser.parse_args()


def _measure(arguments: argparse.Namespace, console: Console) -> Results:
    models = [PublishedModel(find_version(arguments.models, name)) for name in arguments.model]
    results = Results([], [], {f"{each.name} version": each.version for each in models})
    with contextlib.ExitStack() as stack:
        logs = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        served = arguments.models.resolve()
        _, address = stack.enter_context(model_server(served, logs / "model-server.log"))
        settings = {"models": ",".join(arguments.model), "time_budget": "120"}
        _, url = stack.enter_context(gateway(address, logs / "gateway.log", **settings))
        wait_until_ready(url)
        progress = stack.enter_context(_progress(console))
        task = progress.add_task("photos", total=None)

        def advance(count: int) -> None:
            progress.advance(task, count)

        bench = Bench(
            gateway=stack.enter_context(Gateway(url, advance)),
            data=data_folder(arguments.data),
            limit=arguments.limit or _ALL,
            large=arguments.large,
            progress=advance,
            results=results,
        )
        items = {model.name: bench.items(model) for model in models}
        counts = [measuring.expected(bench, name, len(items[name].images)) for name in items]
        progress.update(
            task, total=sum(sum(each[part] for part in arguments.only) for each in counts)
        )
        _run_parts(bench, models, items, arguments.only)
    return results


def _run_parts(
    bench: Bench,
    models: Sequence[PublishedModel],
    items: dict[str, Items],
    parts: Sequence[str],
) -> None:
    for model in models:
        if "distorted" in parts:
            measuring.distort(bench, model, items[model.name])
        if "real" in parts and model.name == "clothing":
            measuring.real(bench)
        if "exact" in parts:
            measuring.exact(bench, model, items[model.name])


def _progress(console: Console) -> Progress:
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn()
    return Progress(*columns, TimeRemainingColumn(), console=console, transient=True)


def _write(arguments: argparse.Namespace, results: Results, tables: str) -> None:
    about = {
        "limit": arguments.limit,
        "large": arguments.large,
        "processors": os.cpu_count(),
        "platform": platform.platform(),
        "python": platform.python_version(),
        "time": time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime()),
    }
    bars = [vars(each) for each in results.bars]
    arguments.output.mkdir(parents=True, exist_ok=True)
    text = json.dumps({"about": about, **results.figures, "bars": bars}, indent=1)
    (arguments.output / "results.json").write_text(f"{text}\n", "utf-8")
    header = ", ".join(f"{key}: {value}" for key, value in about.items())
    (arguments.output / "results.md").write_text(f"{header}\n\n{tables}", "utf-8")


if __name__ == "__main__":
    sys.exit(main())
