"""Which run has epochs that a new one takes over."""

import json
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from training.pipeline.shared_epochs import shared_with
from training.recipes import RECIPES
from training.runs.identity import RunIdentity

RECIPE = replace(RECIPES["clothing-dense128-adam"], epochs=3)
IDENTITY = RunIdentity(
    recipe=RECIPE.name,
    model=RECIPE.model,
    parameters={"epochs": 3},
    network="any",
    dataset="any",
    preparation="any",
    input_shape=(28, 28, 1),
    data="any",
    photos=(1, 1, 1),
    code="any",
    deterministic=False,
    weights="",
    backend="tensorflow",
    packages={},
)


@pytest.mark.parametrize(
    ("history", "epochs"), [([1, 2], 2), ([2], None), ([], None), (None, None), ("damaged", None)]
)
def test_a_run_is_taken_over_with_the_figures_of_its_epochs(
    tmp_path: Path, history: list[int] | str | None, epochs: int | None
) -> None:
    folder = tmp_path / RECIPE.name / "earlier"
    (folder / "checkpoints").mkdir(parents=True)
    facts = {**asdict(IDENTITY), "parameters": {"epochs": 2}, "status": "trained"}
    (folder / "run.json").write_text(json.dumps(facts), "utf-8")
    (folder / "trained.keras").touch()
    (folder / "checkpoints" / "000002-00000000.npz").touch()
    if history is not None:
        entries = [{"epoch": n} for n in history] if isinstance(history, list) else history
        (folder / "history.json").write_text(json.dumps(entries), "utf-8")
    found = shared_with(tmp_path, IDENTITY, RECIPE)
    assert (found and found.epochs) == epochs
