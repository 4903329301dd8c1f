"""`train`: a recipe in, a run with its history and metrics out."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from training.python_api.chosen_recipe import AnyRecipe, Photos, chosen_recipe
from training.python_api.session import Device, console, devices
from training.python_api.trained_run import TrainedRun


def train(
    recipe: AnyRecipe,
    *,
    photos: str | Path | None = None,
    data: str | Path | None = None,
    model: str | None = None,
    shape: tuple[int, int, int] | None = None,
    preparation: str | None = None,
    settings: Mapping[str, Any] | None = None,
    seed: int | None = None,
    start_from: str | Path | TrainedRun | None = None,
    runs: str | Path = "runs",
    device: Device = "auto",
    deterministic: bool = False,
    fresh: bool = False,
    progress: bool = False,
) -> TrainedRun:
    """Train a recipe, evaluate it, and write the report of the run; nothing is published.

    It is the command `run`: a run with the same recipe, settings, photos and code that has ended is
    returned at once, and one that was interrupted is resumed. At the end the network is evaluated
    on the validation photos and, once, on the test photos: to choose among many runs by the
    validation photos alone, use `sweep`. Only one training at a time runs in a process.

    Args:
        recipe: its name, the path of a recipe's file, or a recipe.
        photos: your own photos in place of the recipe's data set: a folder with a sub-folder for
            each class, or a list of photos (.csv, .jsonl).
        data: folder of the recipe's data set; None: the one that PHOTOLABEL_DATA names, or a
            download.
        model: name of the model, for your own photos; None: the name of their folder.
        shape: height, width and channels of the network's input, for your own photos; None: the
            recipe's.
        preparation: how your own photos become pixels, such as `squash/1`; None: the recipe's.
        settings: hyperparameters by the names that `--set` takes, such as
            `{"epochs": 5, "augmentation.flip": False}`.
        seed: the same as the setting `seed`.
        start_from: a run or `NAME/VERSION` whose weights it starts from; a run that differs only in
            fewer epochs is continued.
        runs: folder of the runs.
        device: `auto` (GPUs, if there are any), `cpu` or `gpu`.
        deterministic: get the same weights bit by bit each time; slower.
        fresh: train again even if there is such a run.
        progress: show the bars and lines of the command.

    Raises:
        UsageError: an unknown recipe, setting or folder, or a wrong value.
        TrainingError: a step failed; the steps before it are kept.
        KeyboardInterrupt: interrupted by Ctrl-C, or in a notebook by its stop button. A checkpoint
            has been written: the same call resumes the run.
        Preempted: the same after SIGTERM.
    """
    what = Photos(photos, data, model, shape, preparation)
    chosen = chosen_recipe(recipe, what, settings, seed)
    with devices(device, deterministic=deterministic) as used:
        from training.pipeline.run_options import Paths, RunOptions
        from training.pipeline.sources import find_source
        from training.pipeline.train import run_recipe

        reference = start_from.folder if isinstance(start_from, TrainedRun) else start_from
        models = Path("models")  # Of `NAME/VERSION`; nothing is published.
        source = None if reference is None else find_source(str(reference), Path(runs), models)
        options = RunOptions(used, fresh=fresh, deterministic=deterministic, source=source)
        paths = Paths(what.folder, models, Path(runs))
        ended = run_recipe(chosen, paths, options, console(progress))
    return TrainedRun(ended.run, chosen)
