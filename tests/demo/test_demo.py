import os
import subprocess
import sys
from contextlib import nullcontext
from pathlib import Path

import pytest

import demo.__main__ as program
from demo.samples import Sample
from serving.local import Stack
from serving.local.names_file import NamesFile
from serving.local.process import start_process
from serving.repository.versions import VersionsError

ROOT = Path(__file__).parents[2]


@pytest.mark.e2e
def test_the_demo_shows_expected_and_predicted_labels_and_stops_both_servers(
    tmp_path: Path,
) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "demo", "--keep-photos", str(tmp_path / "photos")],
        cwd=ROOT,
        env={**os.environ, "TMPDIR": str(tmp_path), "HTTP_PROXY": "http://127.0.0.1:1"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == ""
    rows = [line.split() for line in done.stdout.splitlines() if ".jpg" in line or ".png" in line]
    assert len(rows) == 12
    assert rows[1][:5] == ["clothing", "1", "trouser.jpg", "Trouser", "Trouser"]
    assert sum(row[-1] == "yes" for row in rows[:10]) >= 8
    assert "cats only" in done.stdout
    assert all(len(line) <= 80 for line in done.stdout.splitlines())
    assert len(list((tmp_path / "photos").iterdir())) == 12
    # The models and logs are removed, after both servers have stopped.
    assert [path.name for path in tmp_path.iterdir()] == ["photos"]


def test_an_error_is_one_line_and_exit_status_1(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(models: Path) -> None:
        raise VersionsError("no space left")

    monkeypatch.setattr(program, "garments", list)
    monkeypatch.setattr(program, "seed", refuse)
    assert program.main([]) == 1
    assert capsys.readouterr().err == "error: no space left\n"


def test_when_no_photo_is_classified_the_gateways_log_is_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    gateway = start_process("gateway", ["json.tool", "missing.json"], tmp_path, os.environ)
    gateway.popen.wait()
    names = NamesFile(tmp_path, tmp_path / "models.config")
    stack = Stack("http://127.0.0.1:1", {}, gateway, gateway, names)
    sample = Sample("clothing", "bag.jpg", "Bag", b"a photo")
    monkeypatch.setattr(program, "garments", lambda: [sample])
    monkeypatch.setattr(program, "seed", lambda models: [])
    monkeypatch.setattr(program, "run_stack", lambda models, settings: nullcontext(stack))
    assert program.main([]) == 1
    error = capsys.readouterr().err
    assert error.startswith("error: cannot reach http://127.0.0.1:1")
    assert "missing.json" in error
