"""The figures of a trial, read from its run."""

import json
from pathlib import Path

import pytest

from training.errors import TrainingError
from training.experiments.sweeps.trial import figures_of


def test_a_run_without_its_history_has_no_figures(tmp_path: Path) -> None:
    facts = {"recipe": "any", "model": "any", "parameters": {}, "status": "trained", "trained": {}}
    (tmp_path / "run.json").write_text(json.dumps(facts), "utf-8")
    with pytest.raises(TrainingError, match="remove the folder") as raised:
        figures_of(tmp_path)
    assert isinstance(raised.value.__cause__, OSError)  # The trial is given back, not failed.
