"""The manifest of a Kubernetes Job that trains a recipe, from that of k8s/training."""

import copy
import re
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from training.errors import UsageError

DATA = PurePosixPath("/data")
"""Where the Job mounts the volume of the data."""

_FRESH_RUNS = f"{DATA}/fresh-runs/$(JOB_NAME)"
"""Kubernetes fills in the name of the Job, which all of its pods have in common."""

_SLUG_LENGTH = 40
"""A name of a Job has at most 63 characters: here `train-`, these, and a suffix of 6. Those of its
pods have 6 more."""


def job_of_run(manifest: dict[str, Any], about: str, words: Sequence[str]) -> dict[str, Any]:
    """Return a Job with other arguments and a generated name.

    With `--fresh` it gets a folder of runs of its own instead: a pod that replaces another one has
    the same arguments, and has to continue the run.

    Args:
        manifest: of the Job that trains a model's default recipe.
        about: the model or recipe, for the Job's name.
        words: arguments of `run` that say what to train, in place of `--default-of`.
    """
    job = copy.deepcopy(manifest)
    metadata = {name: value for name, value in job["metadata"].items() if name != "name"}
    job["metadata"] = {"generateName": f"train-{_slug(about)}-", **metadata}
    container = job["spec"]["template"]["spec"]["containers"][0]
    arguments = list(container["args"])
    if "--default-of" in arguments:
        at = arguments.index("--default-of")
        del arguments[at : at + 2]
    if "--fresh" in words:
        arguments[arguments.index("--runs") + 1] = _FRESH_RUNS
        name = {"fieldRef": {"fieldPath": "metadata.labels['job-name']"}}
        container["env"] = [{"name": "JOB_NAME", "valueFrom": name}, *container.get("env", [])]
    added = _on_volume([word for word in words if word != "--fresh"])
    # Kubernetes would replace $(NAME), and turn $$ into $.
    container["args"] = arguments + [word.replace("$", "$$") for word in added]
    return job


def setting(manifest: dict[str, Any], option: str) -> str:
    """Return the value of an argument of the Job's container; "" if it is not given."""
    arguments: list[str] = manifest["spec"]["template"]["spec"]["containers"][0]["args"]
    return arguments[arguments.index(option) + 1] if option in arguments[:-1] else ""


def path_on_volume(path: Path) -> str:
    """Return where a folder of photos is in the Job's pods.

    Args:
        path: relative to the volume of the data, or as in the pods.

    Raises:
        UsageError: it is not on this volume.
    """
    full = DATA / path
    if not full.is_relative_to(DATA) or ".." in full.parts or full == DATA:
        raise UsageError(
            f"{path} is not a folder on the volume of the data: give its path there, such as"
            f" flowers for {DATA}/flowers"
        )
    return str(full)


def _on_volume(words: Sequence[str]) -> list[str]:
    """Return the words with the paths after `--photos` and `--also` as in the pods."""
    changed = list(words)
    for index, word in enumerate(words):
        option, equals, path = word.partition("=")
        if option in ("--photos", "--also"):
            at, path = (index, path) if equals else (index + 1, words[index + 1])
            changed[at] = f"{option + equals if equals else ''}{path_on_volume(Path(path))}"
    return changed


def _slug(name: str) -> str:
    """Return a name as a part of an RFC 1123 label: lower-case letters, digits and hyphens."""
    slug = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
    return slug[:_SLUG_LENGTH].strip("-") or "model"
