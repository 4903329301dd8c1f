"""The example notebook runs as a reader would run it, without the project's data."""

import os
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from tests.docs.commands import ROOT

NOTEBOOK = ROOT / "docs" / "experiments.ipynb"
SECONDS = 300  # Of a cell.


def read() -> nbformat.NotebookNode:
    found: nbformat.NotebookNode = nbformat.read(NOTEBOOK, as_version=4)
    return found


@pytest.fixture
def executed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> nbformat.NotebookNode:
    """Return the notebook with the outputs of all cells."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("PHOTOLABEL_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    notebook = read()
    resources = {"metadata": {"path": str(tmp_path)}}
    NotebookClient(notebook, timeout=SECONDS, resources=resources).execute()
    return notebook


def test_every_cell_runs_and_only_shows_results(executed: nbformat.NotebookNode) -> None:
    cells = {cell.id: cell.outputs for cell in executed.cells if cell.cell_type == "code"}

    streams = {
        name: output.text
        for name, outputs in cells.items()
        for output in outputs
        if output.output_type == "stream"
    }
    assert {*streams} <= {"folder", "final", "verdict", "evaluate"}, "the others print nothing"
    assert "accuracy" in streams["evaluate"]
    for name in ("history", "tradeoff"):
        assert "image/png" in cells[name][-1].data
    for name in ("wrong", "study", "final", "verdict", "classify", "evaluate"):
        assert "<table" in cells[name][-1].data["text/html"]


def test_it_is_kept_without_outputs() -> None:
    notebook = read()

    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert all(not cell.outputs and cell.execution_count is None for cell in code)
    assert os.path.getsize(NOTEBOOK) < 20_000
