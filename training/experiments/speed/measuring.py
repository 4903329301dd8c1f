"""A measurement of speed, from a recipe to its timings; an interrupted one goes on."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock, Timeout
from rich.console import Console

from training.console import counted, say
from training.data.datasets import DataSet
from training.errors import Preempted, TrainingError, UsageError, explained
from training.experiments.speed.facts import note_facts
from training.experiments.speed.speedometer import NotMeasurable, Speedometer
from training.experiments.speed.timings import (
    TIMINGS,
    Combination,
    Timing,
    in_turn,
    read_timings,
    write_timings,
)
from training.fitting.devices import Devices
from training.fitting.feature_cache import with_features
from training.fitting.interruption import interruptible
from training.pipeline.loaded_data import loaded
from training.progress_bars import bar
from training.recipe import Recipe


@dataclass(frozen=True)
class Plan:
    """What is to be measured, and how it is kept.

    Attributes:
        combinations: batch sizes and loadings.
        repetitions: of each.
        seconds: of one measurement, about, where an epoch takes longer.
        decimal_comma: in the CSV file.
        folder: of the results.
    """

    combinations: Sequence[Combination]
    repetitions: int
    seconds: float
    decimal_comma: bool
    folder: Path


def measure_speed(
    recipe: Recipe, data: Path | None, plan: Plan, devices: Devices, console: Console
) -> list[Timing]:
    """Measure what a plan names and has not been measured yet.

    Returns:
        All measurements in the folder, those of earlier calls with other batch sizes among them.

    Raises:
        TrainingError: the folder has measurements of something else, or can't be written.
        UsageError: a batch is larger than the training photos.
        KeyboardInterrupt, Preempted: asked to stop; what is measured is kept.
    """
    began = datetime.now(UTC)
    photos = loaded(recipe, data, console)
    _check(plan, len(photos.training))
    with _alone_in(plan.folder):
        note_facts(plan.folder, recipe, photos, devices, plan.seconds)
        timings = [each for each in read_timings(plan.folder / TIMINGS) if not each.reason]
        done = {(each.repetition, each.combination) for each in timings}
        planned = in_turn(plan.combinations, plan.repetitions)
        missing = [each for each in planned if each not in done]
        say(console, _introduction(recipe, plan, devices, len(missing), len(planned)))
        if missing and photos.backbone:
            photos = with_features(recipe, photos, photos.backbone, console)
        try:
            with interruptible() as stop, devices.backend.spread():
                if missing:
                    speedometer = Speedometer(recipe, photos, stop)
                    _measure(speedometer, plan, missing, timings, console)
        except (KeyboardInterrupt, Preempted):
            kept = counted(len(timings), "measurement")
            say(console, f"stopped; {kept} in {plan.folder}: the same command goes on")
            raise
        write_timings(plan.folder / TIMINGS, timings, decimal_comma=plan.decimal_comma)
        timings = read_timings(plan.folder / TIMINGS)
        _write_report(recipe, photos, plan, devices, timings, began)
    return timings


def _write_report(
    recipe: Recipe,
    data: DataSet,
    plan: Plan,
    devices: Devices,
    timings: Sequence[Timing],
    began: datetime,
) -> None:
    import pandas as pd

    from training.experiments.report import about, write_speed_report

    described = about(
        f"Speed of {recipe.name}",
        data_digest=data.digest,
        seeds=[recipe.seed],
        device=str(devices),
        began=began,
    )
    notes = []
    if any(each.steps != each.steps_per_epoch for each in timings):
        notes.append(
            f"An epoch that takes longer than about {plan.seconds:g} s is measured for that long,"
            " and the result is scaled to all of its steps."
        )
    frame = pd.DataFrame([asdict(each) for each in timings])
    write_speed_report(plan.folder, described, frame, notes)


def _measure(
    speedometer: Speedometer,
    plan: Plan,
    missing: Sequence[tuple[int, Combination]],
    timings: list[Timing],
    console: Console,
) -> None:
    """Make the missing measurements, and write all of them after each."""
    failed: dict[int, str] = {}
    with bar(console) as progress:
        task = progress.add_task("reading photos", total=len(missing))
        speedometer.read_photos()
        for each in dict.fromkeys(combination for _, combination in missing):
            progress.update(task, description=f"warm-up: batch {each.batch_size}, {each.loading}")
            with _noting_failure(each, failed):
                speedometer.warm_up(each)
        for repetition, each in missing:
            what = f"repetition {repetition}: batch {each.batch_size}, {each.loading}"
            progress.update(task, description=what)
            with _noting_failure(each, failed):
                if each.batch_size not in failed:
                    timings.append(speedometer.measure(each, repetition, plan.seconds))
            if each.batch_size in failed:
                timings.append(Timing(*each, repetition, reason=failed[each.batch_size]))
            write_timings(plan.folder / TIMINGS, timings, decimal_comma=plan.decimal_comma)
            progress.advance(task)


@contextmanager
def _noting_failure(combination: Combination, failed: dict[int, str]) -> Iterator[None]:
    """Note why a batch size can't be measured; the others go on."""
    try:
        yield
    except NotMeasurable as error:
        failed[combination.batch_size] = str(error)


@contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    """Make a folder and lock it."""
    with explained(f"cannot write into {folder}", "choose another --output"):
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder / ".lock")
        try:
            lock.acquire(timeout=0)
        except Timeout:
            raise TrainingError(
                f"{folder}: another process measures there; at the same time both would be slower"
            ) from None
    try:
        yield
    finally:
        lock.release()


def _introduction(recipe: Recipe, plan: Plan, devices: Devices, missing: int, planned: int) -> str:
    done = f", {planned - missing} of them done" if missing < planned else ""
    return (
        f"{recipe.name} on {devices} with {devices.backend.NAME}:"
        f" {counted(planned, 'measurement')}{done}, each of an epoch or about {plan.seconds:g} s"
    )


def _check(plan: Plan, photos: int) -> None:
    largest = max(each.batch_size for each in plan.combinations)
    if largest > photos:
        raise UsageError(
            f"--batch-sizes {largest}: there are only {photos:,} training photos to fill a batch"
        )
