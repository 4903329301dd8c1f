"""Arguments that several commands take, and their meaning."""

import argparse
import re
import sys
from dataclasses import replace
from pathlib import Path

from training.commands.also_argument import add_also, also_assignments
from training.errors import UsageError
from training.overrides import FORMER_NAMES, on_own_photos, override
from training.recipe import ANY_PHOTOS, Recipe
from training.recipes import RECIPES, default_of, recipe_named


def add_recipe(parser: argparse.ArgumentParser, *, required: bool = True) -> None:
    """Let a command name a recipe and change its hyperparameters: see `chosen_recipe`."""
    what = parser.add_mutually_exclusive_group(required=required)
    what.add_argument("recipe", nargs="?", metavar="RECIPE", help="its name, as `recipes` lists it")
    what.add_argument(
        "--recipe", dest="file", metavar="FILE", help="file of your own recipe, such as recipe.py"
    )
    what.add_argument("--default-of", metavar="MODEL", help="the default recipe of a model")
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        dest="assignments",
        help="change a hyperparameter of the recipe; may be repeated",
    )
    parser.add_argument("--seed", help="the same as --set seed=SEED")
    add_also(parser)
    own = parser.add_argument_group("your own photos, in place of the recipe's data set")
    own.add_argument(
        "--photos",
        type=Path,
        metavar="PATH",
        help="a folder with a sub-folder for each class, or a list (.csv, .jsonl)",
    )
    own.add_argument(
        "--shape",
        type=shape,
        metavar="HxWxC",
        help="the network's input: height, width, and 1 channel (gray) or 3 (RGB), such as 96x96x3"
        " (default: the recipe's)",
    )
    own.add_argument(
        "--preparation",
        metavar="NAME",
        help="how photos become pixels, such as squash/1 (default: the recipe's)",
    )


def shape(text: str) -> tuple[int, int, int]:
    """Read height, width and channels.

    Raises:
        ArgumentTypeError: they are not three such numbers.
    """
    match = re.fullmatch(r"([1-9]\d*)[x×]([1-9]\d*)[x×]([13])", text)
    if not match:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not height, width and 1 or 3 channels, such as 96x96x3"
        )
    return int(match[1]), int(match[2]), int(match[3])


def chosen_recipe(arguments: argparse.Namespace) -> Recipe:
    """Return the recipe that the arguments of `add_recipe` name, with its overrides.

    Raises:
        UsageError: there is no such recipe or setting, or a value is wrong or has no effect.
        TrainingError: the default recipe depends on the devices, and those can't be used.
    """
    if arguments.default_of:
        recipe = _default_recipe(arguments)
    else:
        recipe = recipe_named(arguments.recipe if arguments.file is None else arguments.file)
    return with_overrides(recipe, arguments)


def with_overrides(recipe: Recipe, arguments: argparse.Namespace) -> Recipe:
    """Return a recipe with the overrides of the arguments of `add_recipe`; see `chosen_recipe`."""
    recipe = _on_photos(recipe, arguments)
    for former, name in FORMER_NAMES.items():
        if any(each.startswith(f"{former}=") for each in arguments.assignments):
            sys.stderr.write(f"note: {former} is called {name} now\n")
    seed = [] if arguments.seed is None else [f"seed={arguments.seed}"]
    recipe = override(recipe, [*arguments.assignments, *also_assignments(arguments), *seed])
    from training.data.loading import check_splitting  # Imports NumPy, for recipes without faults.

    check_splitting(recipe)
    return recipe


def named(recipe: Recipe, model: str | None) -> Recipe:
    """Return a recipe for any photos with the name of its model.

    Raises:
        UsageError: the name is missing, invalid, or for another recipe.
    """
    if model is None:
        if recipe.model == ANY_PHOTOS:
            raise UsageError(
                f"{recipe.name} needs the name of the model, such as --name flowers: versions of"
                " the same name replace each other"
            )
        return recipe
    if recipe.dataset != ANY_PHOTOS:
        raise UsageError(
            f"--name is for your own photos (--photos); {recipe.name} trains {recipe.model}"
        )
    return replace(recipe, model=model)


def _on_photos(recipe: Recipe, arguments: argparse.Namespace) -> Recipe:
    """Return a recipe for the photos that `--photos` names, which become the command's data."""
    if arguments.photos is None:
        if arguments.shape or arguments.preparation:
            raise UsageError("--shape and --preparation are for your own photos: give --photos too")
        return recipe
    if arguments.data is not None:
        raise UsageError(
            "--photos and --data can't be combined: the folder PHOTOLABEL_DATA is searched for"
            " pretrained weights"
        )
    if not arguments.photos.exists():  # Said before TensorFlow is imported.
        raise UsageError(f"the folder of photos {arguments.photos} does not exist")
    arguments.data = arguments.photos
    return on_own_photos(recipe, arguments.shape, arguments.preparation)


def _default_recipe(arguments: argparse.Namespace) -> Recipe:
    """Return a model's default recipe for the devices that `--device` says, or for a CPU."""
    default = default_of(arguments.default_of)
    if getattr(arguments, "device", "cpu") == "cpu":
        return RECIPES[default.cpu]
    from training.fitting.devices import choose_devices  # Imports Keras.

    devices = choose_devices(arguments.device, deterministic=arguments.deterministic)
    return RECIPES[default.gpu if devices.are_gpus else default.cpu]


def add_data(parser: argparse.ArgumentParser) -> None:
    """Let a command find the data sets."""
    parser.add_argument(
        "--data",
        type=Path,
        help="folder of the data sets as they are published, or of your photos, or a list of them",
    )


def add_models(parser: argparse.ArgumentParser, what: str = "folder of the models") -> None:
    """Let a command find the published models."""
    parser.add_argument("--models", type=Path, default=Path("models"), help=what)


def add_runs(parser: argparse.ArgumentParser) -> None:
    """Let a command find the runs."""
    parser.add_argument("--runs", type=Path, default=Path("runs"), help="folder of the runs")


def add_device(parser: argparse.ArgumentParser) -> None:
    """Let a command choose what it computes on."""
    parser.add_argument(
        "--device", choices=("auto", "cpu", "gpu"), default="auto", help="the device to use"
    )


def add_training(parser: argparse.ArgumentParser) -> None:
    """Add what all commands that train take: data, folder of runs, device and the like."""
    add_data(parser)
    add_runs(parser)
    add_device(parser)
    parser.add_argument(
        "--fresh",
        action="store_true",
        help="start another run even if this one has been started before",
    )
    parser.add_argument(
        "--deterministic",
        action="store_true",
        help="get the same weights bit for bit each time, even after interruptions; slower",
    )
    parser.add_argument(
        "--checkpoint-minutes",
        type=minutes,
        default=10.0,
        metavar="N",
        help="minutes between checkpoints within an epoch (default 10)",
    )
    parser.add_argument(
        "--tensorboard", type=Path, metavar="DIR", help="write TensorBoard event files here"
    )


def minutes(text: str) -> float:
    """Read a number of minutes; argparse names this function in its message.

    Raises:
        ValueError: it is not a number, or below 0.
    """
    value = float(text)
    if not 0 <= value < float("inf"):
        raise ValueError(text)
    return value
