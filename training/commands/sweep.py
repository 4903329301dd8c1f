"""`sweep`: train a recipe with many settings, and evaluate the best one."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from training.commands.arguments import add_recipe, add_training, chosen_recipe, named
from training.commands.study_arguments import add_study
from training.console import say
from training.errors import UsageError
from training.experiments.factors import read_factor
from training.experiments.studies import STUDIES, study_named
from training.experiments.studies.study import Study
from training.experiments.study_folder import make_folder, study_folder
from training.experiments.workers import be_worker, check_processes, run_workers

if TYPE_CHECKING:
    from training.experiments.sweeps.sweep import Sweep
    from training.experiments.sweeps.trial import Trainer

_TRIALS = 40


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this command."""
    listed = "; ".join(f"{study.name} ({study.what})" for study in STUDIES.values())
    parser.epilog = (
        f"RECIPE may also be a ready-made study, or the file of one of your own: {listed}"
    )
    add_recipe(parser)
    _add_varied(parser)
    parser.add_argument(
        "--goal",
        choices=("accuracy", "loss"),
        help="what the best setting is best in, on the validation photos (default: accuracy, or"
        " that of the ready-made study)",
    )
    parser.add_argument(
        "--seeds",
        type=int,
        default=3,
        metavar="N",
        help="train the best setting with N seeds and evaluate it on the test photos (default 3;"
        " 0: don't look at them)",
    )
    parser.add_argument(
        "--name", metavar="MODEL", help="name of the model; only for your own photos"
    )
    add_study(parser)
    parser.add_argument(
        "--dry-run", action="store_true", help="only say how many epochs would be fitted"
    )
    add_training(parser)


def _add_varied(parser: argparse.ArgumentParser) -> None:
    varied = parser.add_argument_group("what varies")
    varied.add_argument(
        "--grid",
        action="append",
        default=[],
        metavar="NAME=VALUE,VALUE,…",
        help="a setting and its values (separated by ; if they have commas); may be repeated, for"
        " all combinations",
    )
    varied.add_argument(
        "--one-at-a-time",
        action="store_true",
        help="vary each --grid alone, the others as in the recipe",
    )
    varied.add_argument(
        "--search",
        action="append",
        default=[],
        metavar="NAME=LOW..HIGH[:log]",
        help="a setting and the range, or the values, that a sampler draws from; may be repeated",
    )
    varied.add_argument(
        "--trials", type=int, metavar="N", help=f"trials of a --search (default {_TRIALS})"
    )
    varied.add_argument(
        "--no-pruning", action="store_true", help="fit hopeless trials of a --search to their end"
    )


def run(arguments: argparse.Namespace) -> None:
    """Train a recipe with many settings, and evaluate the best one."""
    sweep, notes = _sweep(arguments)
    if arguments.worker:
        be_worker(arguments.worker)
    else:
        check_processes(arguments.processes)
    from training.fitting.devices import choose_devices
    from training.fitting.interruption import terminable

    with terminable():
        devices = choose_devices(arguments.device, deterministic=arguments.deterministic)
        from training.experiments.sweeps.trial import Trainer
        from training.pipeline.loaded_data import KeptData
        from training.pipeline.run_options import Paths, RunOptions

        options = RunOptions(
            devices=devices,
            fresh=arguments.fresh,
            deterministic=arguments.deterministic,
            checkpoint_minutes=arguments.checkpoint_minutes,
            tensorboard=arguments.tensorboard,
            load=KeptData(),
        )
        paths = Paths(arguments.data, Path("models"), arguments.runs)
        _run(sweep, notes, arguments, Trainer(paths, options, Console()))


def _sweep(arguments: argparse.Namespace) -> "tuple[Sweep, list[str]]":
    """Return what the arguments ask for, and notes about what is left out.

    Raises:
        UsageError: nothing varies, or arguments don't go together.
    """
    study = _ready_made(arguments)
    recipe = named(chosen_recipe(arguments), arguments.name)
    _check(arguments, study)
    from training.experiments.sweeps.asked import asked_sweep  # Imports Optuna.

    return asked_sweep(
        recipe,
        study,
        [read_factor(text) for text in arguments.grid],
        arguments.search,
        one_at_a_time=arguments.one_at_a_time,
        trials=arguments.trials or _TRIALS,
        pruning=not arguments.no_pruning,
        goal=arguments.goal,
        name=arguments.study,
        data=arguments.data,
    )


def _ready_made(arguments: argparse.Namespace) -> Study | None:
    """Return the study that takes the place of a recipe's name, which becomes that of its recipe.

    Raises:
        UsageError: there is no such file.
    """
    name = arguments.recipe
    if name not in STUDIES and not (name or "").endswith(".py"):
        return None
    study = study_named(name)
    arguments.recipe = study.recipe
    return study


def _check(arguments: argparse.Namespace, study: Study | None) -> None:
    """Raise UsageError if arguments are missing, or don't go together."""
    varied = bool(arguments.grid) + bool(arguments.search) + bool(study)
    if varied != 1:
        raise UsageError(
            "a sweep needs --grid NAME=VALUE,… or --search NAME=LOW..HIGH, or a ready-made study: "
            + ", ".join(STUDIES)
            if not varied
            else "--grid, --search and a ready-made study can't be combined: give one of them"
        )
    if arguments.one_at_a_time and not arguments.grid:
        raise UsageError("--one-at-a-time has no effect without --grid")
    if not arguments.search and (arguments.trials or arguments.no_pruning):
        raise UsageError("--trials and --no-pruning have no effect without --search")
    for option, value, least in (("trials", arguments.trials, 1), ("seeds", arguments.seeds, 0)):
        if value is not None and value < least:
            raise UsageError(f"--{option} is at least {least}, not {value}")
    if arguments.fresh:
        raise UsageError(
            "--fresh has no effect on a sweep, which takes over what is there: name another --study"
            " and --runs to train all of it again"
        )


def _run(
    sweep: "Sweep", notes: list[str], arguments: argparse.Namespace, trainer: "Trainer"
) -> None:
    from training.experiments.sweeps.report import write_report
    from training.experiments.sweeps.run import OpenSweep, dry_run

    console = Console()
    if arguments.dry_run:
        for line in [*dry_run(sweep, trainer, arguments.seeds), *notes]:
            say(console, line)
        return
    output, storage = study_folder(sweep.name, arguments.output, arguments.storage)
    make_folder(output)
    opened = OpenSweep(sweep, storage, trainer, arguments.seeds, console)
    if arguments.processes > 1 and not arguments.worker:
        for line in run_workers(arguments.processes, arguments.words, output, opened.show):
            say(console, line)
    result = opened.work()
    if not arguments.worker:
        say(console, f"report: {write_report(sweep, result, trainer, output, notes)}")
