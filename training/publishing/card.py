"""The model card: what a published model is, how it was trained, and how good it is.

It has no paths, user names or host names: models are given away.
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
from training.data.splits import SPLITS
from training.overrides import recorded_settings
from training.provenance import commit
from training.publishing.training_overlap import split_record
from training.recipe import Recipe

_PACKAGES = ("jax", "keras", "numpy", "pillow", "scipy", "tensorflow")


def model_card(
    recipe: Recipe,
    data: DataSet,
    metrics: dict[str, Any],
    trust: dict[str, Any],
    trained: dict[str, Any],
) -> dict[str, Any]:
    """Return the card of a trained model, as JSON values.

    Args:
        recipe: with the overrides of this run.
        data: what it was trained on.
        metrics: of the exported network, by split.
        trust: `calibration` and `recognition` of the `CalibratedEvaluation`.
        trained: the `circumstances` of the training, with the seconds it took.
    """
    parameters = recorded_settings(recipe)
    if "network.weights" in parameters:
        parameters["network.weights"] = Path(parameters["network.weights"]).name
    card = {
        "name": recipe.model,
        "recipe": recipe.name,
        "dataset": recipe.dataset,
        "parameters": parameters,
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
            **added_photos(data),
            **split_record(data),
        },
        "metrics": metrics,
        **trust,
        "trained": trained,
    }
    return dict(json.loads(json.dumps(card)))  # Tuples become lists, as in the file.


def added_photos(data: DataSet) -> dict[str, Any]:
    """Return what a card tells of own photos and of photos of none of the classes, if any."""
    found: dict[str, Any] = {}
    for name, part in (("own", data.own), ("others", data.others)):
        if part:
            counts = dict(zip(SPLITS, map(len, part.splits), strict=True))
            found[name] = {"name": part.name, "sha256": part.digest, **counts}
    if data.own:
        found["own"]["classes"] = {
            label: {
                name: int((split.classes == index).sum())
                for name, split in zip(SPLITS, data.own.splits, strict=True)
            }
            for index, label in enumerate(data.labels)
            if any((split.classes == index).any() for split in data.own.splits)
        }
    return found


def circumstances(device: str) -> dict[str, Any]:
    """Describe hardware and software of a run; call it at the start, before code can change."""
    return {
        "began": datetime.now(UTC).isoformat(timespec="seconds"),
        "hardware": {"device": device, "processor": _processor(), "cores": os.cpu_count()},
        "backend": backend_name(),
        "packages": dict(_versions()),
        "python": platform.python_version(),
        "commit": commit(),
    }


def continued(before: dict[str, Any], now: dict[str, Any]) -> dict[str, Any]:
    """Return the circumstances of a run that goes on: as it began, with hardware added since.

    Args:
        before: what has been noted of them; empty at the start.
        now: the `circumstances` now.
    """
    further = list(before.get("continued_on", []))
    if before and now["hardware"] not in (before.get("hardware"), *further):
        further.append(now["hardware"])
    return {**now, **before, **({"continued_on": further} if further else {})}


def _versions() -> Iterator[tuple[str, str]]:
    for name in _PACKAGES:
        with contextlib.suppress(metadata.PackageNotFoundError):
            yield name, metadata.version(name)


def _processor() -> str:
    """Return the name of the processor, or of its architecture where the name is unknown."""
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        lines = []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())
