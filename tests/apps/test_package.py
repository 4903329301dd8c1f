"""The example of the package `photolabel` in docs/apps.md."""

import subprocess
import sys
from pathlib import Path

import pytest

import client
from tests.apps.gateway import PRINTED, example, model_server, small_gateway
from tests.docs.commands import ROOT
from tests.drawing import encoded_photo


@pytest.mark.skipif(not hasattr(client, "Photolabel"), reason="the client has another interface")
def test_the_example_works(tmp_path: Path) -> None:
    (tmp_path / "photolabel").symlink_to(ROOT / "client")  # As if it were installed.
    for name in ("photo.jpg", "other.jpg"):
        (tmp_path / name).write_bytes(encoded_photo())
    with small_gateway(model_server()) as url:
        done = subprocess.run(
            [sys.executable, "-c", example("python", "import Photolabel", url)],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == PRINTED
