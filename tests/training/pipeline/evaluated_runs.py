"""Runs of a model of letters that are evaluated, without training anything."""

import json
from pathlib import Path
from typing import Any

import keras
import numpy as np
from rich.console import Console

from tests.training.signals import DIGEST, LABELS, LETTERS, data_set, evaluation
from training.pipeline.finalize import Evaluated
from training.pipeline.publish_run import publish_evaluated
from training.publishing.gate_policy import GatePolicy
from training.runs.folders import Run

PHOTOS, COMMAND = 1000, "python -m training publish runs/letters/1"
DATA = data_set(900, 100)  # `published` makes a model that gets 900 of them right.


def evaluated_run(folder: Path, status: str = "evaluated") -> Run:
    folder.mkdir(parents=True)
    facts: dict[str, Any] = {
        "id": folder.name,
        "model": "letters",
        "recipe": "letters-dense",
        "status": status,
    }
    facts |= {"parameters": {}}
    (folder / "run.json").write_text(json.dumps(facts))
    return Run(folder)


def facts_of(run: Run) -> tuple[Any, Any]:
    facts = run.facts()
    return facts["status"], facts.get("version")


def publish(run: Run, base: Path, right: int = 900, policy: GatePolicy | None = None) -> Path:
    """Publish a network that is said to get `right` of 1,000 test photos right."""
    image = keras.Input((2, 2, 1), dtype="uint8", name="image")
    flat = keras.layers.Flatten()(keras.layers.Rescaling(1 / 255)(image))
    head = keras.layers.Dense(3, activation="softmax", use_bias=False)
    network = keras.Model(image, head(flat))
    head.set_weights([8 * np.eye(4, 3, dtype=np.float32)])
    test = evaluation(DATA, np.arange(PHOTOS) < right)
    card = {
        "name": "letters",
        "recipe": "letters-dense",
        "labels": list(LABELS),
        "preparation": "squash/1",
        "data": {"sha256": DIGEST},
        "metrics": {"test": {"accuracy": right / PHOTOS, "photos": PHOTOS}},
        "trained": {"seconds": 1.0, "run": run.folder.name},
    }
    console = Console(quiet=True)
    return publish_evaluated(
        Evaluated(LETTERS, DATA, None, network, None, card, test),
        run,
        base,
        policy or GatePolicy(),
        COMMAND,
        console,
    )
