"""The model card: what a published model is, what it was made of and how good it is.

It holds no path, no user and no host name: models are given away.
"""

import contextlib
import json
import os
import platform
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

from training.backends import backend_name
from training.data.datasets import DataSet
from training.overrides import hyperparameters
from training.provenance import code_digest, commit
from training.recipe import Recipe

_PACKAGES = ("jax", "keras", "numpy", "pillow", "scipy", "tensorflow")


def model_card(
    recipe: Recipe,
    data: DataSet,
    metrics: dict[str, Any],
    trust: dict[str, Any],
    trained: dict[str, Any],
) -> dict[str, Any]:
    """Describe a trained model, in values that JSON holds.

    Args:
        recipe: with the overrides of this run.
        data: what it was trained on.
        metrics: of the exported network, by split.
        trust: its `calibration` and its `recognition`
            (`training.trust.calibrate_and_evaluate.Trusted`).
        trained: how: of `circumstances`, with the time that it took.
    """
    card = {
        "name": recipe.model,
        "recipe": recipe.name,
        "parameters": _parameters(recipe),
        "labels": list(data.labels),
        "preparation": recipe.preparation,
        "input_shape": list(recipe.shape),
        "data": {
            "name": data.name,
            "sha256": data.digest,
            "training": len(data.training),
            "validation": len(data.validation),
            "test": len(data.test),
            "damaged": len(data.damaged),
        },
        "metrics": metrics,
        **trust,
        "trained": trained,
    }
    return dict(json.loads(json.dumps(card)))  # Tuples become lists, as whoever reads it has them.


def _parameters(recipe: Recipe) -> dict[str, Any]:
    """Return all hyperparameters; of a file of weights, only its name."""
    parameters = hyperparameters(recipe)
    if "network.weights" in parameters:
        parameters["network.weights"] = Path(parameters["network.weights"]).name
    return parameters


def circumstances(device: str) -> dict[str, Any]:
    """Describe with what a run is made; to be called at its beginning, before code can change.

    Args:
        device: what it is fitted on, in words.
    """
    return {
        "began": datetime.now(UTC).isoformat(timespec="seconds"),
        "hardware": {"device": device, "processor": _processor(), "cores": os.cpu_count()},
        "backend": backend_name(),
        "packages": dict(_versions()),
        "python": platform.python_version(),
        "commit": commit(),
        "code": code_digest(),
    }


def _versions() -> Iterator[tuple[str, str]]:
    """Yield the packages that there are, with their versions."""
    for name in _PACKAGES:
        with contextlib.suppress(metadata.PackageNotFoundError):
            yield name, metadata.version(name)


def _processor() -> str:
    """Return the processor's name as the system tells it, else the architecture's."""
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        lines = []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())
