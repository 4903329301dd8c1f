"""The Jobs that make train-k8s sends to the cluster, made without one."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

from tests.k8s.manifests import ROOT, Manifest, tool

_OF_MAKE = ("MAKEFLAGS", "MAKEOVERRIDES", "MFLAGS", "MODEL", "RECIPE", "NAME", "DATA", "SEED")


def train_k8s(folder: Path, *variables: str) -> subprocess.CompletedProcess[str]:
    """Run make train-k8s with an environment in which everything is installed.

    Args:
        folder: an empty one, for the environment.
        variables: of make, such as `MODEL=clothing`.
    """
    tool("kubectl")
    (folder / "bin").mkdir(parents=True, exist_ok=True)
    (folder / "bin" / "python").touch()
    (folder / ".installed-dev").touch()
    # If the tests run under make, this make would inherit its flags and list of models.
    environment = {name: value for name, value in os.environ.items() if name not in _OF_MAKE}
    command = [tool("make"), "--silent", "train-k8s", f"VENV={folder}", f"RUN={sys.executable}"]
    return subprocess.run(
        [*command, "CREATE=cat", *variables],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def created(folder: Path, *variables: str) -> list[Manifest]:
    """Return the Jobs that make train-k8s would create."""
    done = train_k8s(folder, *variables)
    assert done.returncode == 0, done.stderr
    return list(yaml.safe_load_all(done.stdout))


def only_container(job: Manifest) -> dict[str, Any]:
    """Return the container of a Job's pods."""
    (container,) = job["spec"]["template"]["spec"]["containers"]
    return dict(container)


def argument(container: Manifest, option: str) -> str:
    """Return the value of one of a container's arguments."""
    arguments: list[str] = container["args"]
    return arguments[arguments.index(option) + 1]
