"""A cluster with ConfigMaps, which a stand-in for `kubectl` reads and writes."""

import os
import sys
from pathlib import Path

import pytest

from tests.training.publishing.rollback import kubectl


@pytest.fixture
def cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder of its ConfigMaps, with `kubectl` on the PATH."""
    program = tmp_path / "bin" / "kubectl"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -I -S {kubectl.__file__} "$@"\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    monkeypatch.setenv("PHOTOLABEL_TEST_CLUSTER", str(tmp_path))
    return tmp_path
