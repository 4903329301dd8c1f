"""`job`: a Kubernetes Job that does what `run` with the same arguments does."""

import argparse
import sys
from typing import Any

from training.commands import run as run_command
from training.commands.arguments import named, with_overrides
from training.commands.gate_arguments import gate_policy
from training.errors import UsageError
from training.job_manifest import job_of_run, path_on_volume, setting
from training.overrides import on_own_photos
from training.recipe import ANY_PHOTOS, Recipe
from training.recipes import RECIPES, default_of, recipe_named

_OF_THE_MANIFEST = ("--publish", "--data", "--models", "--runs", "--device", "--model_config_file")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command: those of `run`."""
    parser.description = (
        "Read the manifest of a Job from standard input, as `kubectl kustomize k8s/training` builds"
        " it, and print that of a Job that trains this recipe. What is wrong with the arguments is"
        " said here, not by a pod. --photos is a path on the volume of the data."
    )
    run_command.add_arguments(parser)


def run(arguments: argparse.Namespace) -> None:
    """Check the arguments, and print the Job's manifest.

    Raises:
        UsageError: the Job would end at once, as its command or its manifest is wrong.
    """
    import yaml

    words: list[str] = arguments.words[1:]
    for option in _OF_THE_MANIFEST:
        if any(word == option or word.startswith(f"{option}=") for word in words):
            raise UsageError(f"{option} is set in the manifest, k8s/training")
    gate_policy(arguments)
    manifest = _manifest(yaml)
    recipe = _recipe(arguments, setting(manifest, "--device"))
    own = recipe.dataset == ANY_PHOTOS
    about = recipe.model if arguments.default_of or own else recipe.name
    job = job_of_run(manifest, about, words)
    yaml.safe_dump(job, sys.stdout, sort_keys=False, explicit_start=True)


def _manifest(yaml: Any) -> dict[str, Any]:
    """Return the Job on standard input."""
    try:
        (manifest,) = yaml.safe_load_all(sys.stdin)
        manifest["spec"]["template"]["spec"]["containers"][0]["args"][0]
    except (yaml.YAMLError, ValueError, KeyError, IndexError, TypeError) as error:
        raise UsageError(
            "standard input is not the manifest of the training Job: pipe into it what"
            " `kubectl kustomize k8s/training` prints"
        ) from error
    return dict(manifest)


def _recipe(arguments: argparse.Namespace, device: str) -> Recipe:
    """Return the recipe that the Job would train on a device, with its settings and name."""
    if arguments.file is not None or (arguments.recipe or "").endswith(".py"):
        raise UsageError(
            "a Job has the recipes of its image only: put yours into training/recipes, and build"
            " the image"
        )
    if arguments.default_of:
        default = default_of(arguments.default_of)
        recipe = RECIPES[default.cpu if device == "cpu" else default.gpu]
    elif arguments.recipe:
        recipe = recipe_named(arguments.recipe)
    else:
        raise UsageError("give a RECIPE (`python -m training recipes` lists them)")
    if arguments.also is not None:
        path_on_volume(arguments.also)
        arguments.assignments = [*arguments.assignments, f"own.photos={arguments.also}"]
        arguments.also = None  # It is done.
    if arguments.photos is not None:
        path_on_volume(arguments.photos)
        recipe = on_own_photos(recipe, arguments.shape, arguments.preparation)
        arguments.photos = arguments.shape = arguments.preparation = None  # They are done.
    elif recipe.dataset == ANY_PHOTOS:
        raise UsageError(f"{recipe.name} needs the folder of your photos on the volume (--photos)")
    return named(with_overrides(recipe, arguments), arguments.name)
