"""Commands under their former names print the new name and run."""

import subprocess
import sys
from pathlib import Path

import pytest

from serving.repository.versions import published_versions

ROOT = Path(__file__).parents[2]


def run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", *command], cwd=ROOT, capture_output=True, text=True, check=True
    )


@pytest.mark.parametrize(
    ("former", "name"),
    [
        ("serving.laptop", "serving.local"),
        ("serving.embedded", "serving.model_server"),
        ("serving.ssl_config", "serving.tls.ssl_config"),
    ],
)
def test_it_prints_the_new_name_and_goes_on(former: str, name: str) -> None:
    done = run(former, "--help")
    assert done.stderr == f"python -m {former} is now python -m {name}\n"
    assert done.stdout == run(name, "--help").stdout


def test_seeding_works_under_its_former_name(tmp_path: Path) -> None:
    done = run("serving.seed", str(tmp_path))
    assert done.stderr == "python -m serving.seed is now python -m serving.repository.seed\n"
    assert "clothing: published as version 1" in done.stdout
    assert published_versions(tmp_path / "clothing") == [1]
