"""Folders of runs as a list reads them."""

import json
from pathlib import Path
from typing import Any

from training.overrides import hyperparameters
from training.recipes import recipe_named

KEY = "3f2281fb62b1"


def listed_run(
    runs: Path,
    status: str,
    name: str = f"2026-11-27_{KEY}",
    *,
    recipe: str = "clothing-cnn",
    fitted: int = 0,
    validation: float | None = None,
    parameters: dict[str, Any] | None = None,
    **facts: Any,
) -> Path:
    """Write the files of a run that has fitted some epochs."""
    own = recipe_named(recipe)
    folder = runs / recipe / name
    folder.mkdir(parents=True)
    known: dict[str, Any] = {
        "id": name,
        "recipe": recipe,
        "model": own.model,
        "parameters": {**hyperparameters(own), **(parameters or {})},
        "photos": [700, 150, 150],
        "deterministic": False,
        "backend": "tensorflow",
        "began": "2026-11-27T10:00:00+00:00",
        "updated": "2026-11-27T10:05:00+00:00",
        "changed": {},
        "data_folder": None,
        "status": status,
    }
    (folder / "run.json").write_text(json.dumps({**known, **facts}))
    history = [{"epoch": n + 1, "val_accuracy": 0.5 + n / 100} for n in range(fitted)]
    (folder / "history.json").write_text(json.dumps(history))
    if validation is not None:
        card = {"metrics": {"validation": {"accuracy": validation}}}
        (folder / "model_card.json").write_text(json.dumps(card))
    return folder
