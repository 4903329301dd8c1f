"""`speed`: measure how fast a recipe is fitted, by batch size and loading."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from training.commands.arguments import add_data, add_device, add_recipe, chosen_recipe
from training.console import plain_table, say, show, whole_lines
from training.errors import UsageError
from training.experiments.speed.timings import (
    LOADINGS,
    TIMINGS,
    Combination,
    Timing,
    read_batch_sizes,
    read_loadings,
    spread,
)

_FIGURES = ("batch size", "seconds/epoch", "from – to", "images/s", "steps measured")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.description = (
        "Measure the seconds of an epoch and the images a second of fitting, for each batch size"
        " and loading. Interrupted measurements go on by the same command."
    )
    add_recipe(parser)
    parser.add_argument(
        "--batch-sizes",
        default="32,64,128,256,512",
        metavar="N,N,…",
        help="default %(default)s",
    )
    parser.add_argument(
        "--loading",
        default=",".join(LOADINGS),
        metavar="HOW,…",
        help="serial: each batch is prepared when the step before it has ended; parallel: during"
        " the steps, as runs do (default %(default)s)",
    )
    parser.add_argument(
        "--repetitions", type=int, default=5, metavar="N", help="of each (default %(default)s)"
    )
    parser.add_argument(
        "--seconds",
        type=float,
        default=10.0,
        metavar="S",
        help="of an epoch that takes longer, measure only so many seconds (default %(default)g)",
    )
    parser.add_argument(
        "--decimal-comma",
        action="store_true",
        help="write timings.csv with decimal commas, separated by semicolons",
    )
    parser.add_argument(
        "--output", type=Path, metavar="DIR", help="default experiments/speed-RECIPE"
    )
    add_data(parser)
    add_device(parser)


def run(arguments: argparse.Namespace) -> None:
    """Measure, print a table, and write the timings and the report."""
    batch_sizes, loadings = (
        read_batch_sizes(arguments.batch_sizes),
        read_loadings(arguments.loading),
    )
    if arguments.repetitions < 1:
        raise UsageError(f"--repetitions is at least 1, not {arguments.repetitions}")
    if not 0 < arguments.seconds < float("inf"):
        raise UsageError(f"--seconds is above 0, not {arguments.seconds:g}")
    recipe = chosen_recipe(arguments)
    from training.fitting.devices import choose_devices
    from training.fitting.interruption import terminable

    console = whole_lines()
    with terminable():
        devices = choose_devices(arguments.device)
        # Imported after the check for the backend.
        from training.experiments.speed.measuring import Plan, measure_speed

        combinations = [Combination(size, how) for size in batch_sizes for how in loadings]
        folder = arguments.output or Path("experiments") / f"speed-{recipe.name}"
        plan = Plan(
            combinations,
            arguments.repetitions,
            arguments.seconds,
            arguments.decimal_comma,
            folder,
        )
        timings = measure_speed(recipe, arguments.data, plan, devices, console)
    _show(timings, console)
    say(console, _fastest(timings))
    say(console, f"{folder / TIMINGS} has every measurement; {folder / 'report.html'} shows them")


def _show(timings: Sequence[Timing], console: Console) -> None:
    """Print a row for each combination: the medians of its repetitions, and their range."""
    table = plain_table(("batch size", "loading", *_FIGURES[1:]), figures=_FIGURES)
    for combination in sorted({each.combination for each in timings}):
        own = [each for each in timings if each.combination == combination]
        seconds = spread(each.seconds_per_epoch for each in own)
        speed = spread(each.images_per_second for each in own)
        if seconds and speed:
            between = f"{_shown(seconds.lowest)} – {_shown(seconds.highest)}"
            cells = [_shown(seconds.median), between, f"{speed.median:,.0f}", _steps(own)]
        else:
            cells = [own[-1].reason]
        table.add_row(f"{combination.batch_size:,}", combination.loading, *cells)
    show(console, table)


def _steps(timings: Sequence[Timing]) -> str:
    """Say how many steps of the epoch were measured, in the shortest of the measurements."""
    measured = min(each.steps or 0 for each in timings if not each.reason)
    whole = next(each.steps_per_epoch or 0 for each in timings if not each.reason)
    return f"all {whole:,}" if measured == whole else f"{measured:,} of {whole:,}"


def _shown(seconds: float) -> str:
    """Return seconds with three digits, as far as they say something."""
    digits = 0 if seconds >= 100 else 1 if seconds >= 10 else 2
    return f"{seconds:,.{digits}f}"


def _fastest(timings: Sequence[Timing]) -> str:
    """Name the combination with the most images a second."""
    speeds = {
        combination: found.median
        for combination in {each.combination for each in timings}
        if (found := spread(t.images_per_second for t in timings if t.combination == combination))
    }
    if not speeds:
        return "nothing could be measured"
    fastest = max(speeds, key=speeds.__getitem__)
    return (
        f"fastest: batch size {fastest.batch_size:,}, {fastest.loading}:"
        f" {speeds[fastest]:,.0f} images a second"
    )
