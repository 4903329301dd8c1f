"""Every command in README and docs is run, or states why not and is listed as skipped."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.docs.commands import (
    ROOT,
    RUNNABLE,
    UNRUNNABLE_FORMS,
    Block,
    anchors,
    blocks,
    links,
)
from tests.drawing import encoded_photo
from tests.e2e.processes import STARTERS, free_port, gateway, model_server, wait_until_ready

pytestmark = pytest.mark.e2e

DOCUMENTED_URL = "http://127.0.0.1:8080"
SECONDS = 300

COMMANDS = [block for block in blocks() if block.form in RUNNABLE]
RUN = [block for block in COMMANDS if block.why_not_run is None]
NOT_RUN = [block for block in COMMANDS if block.why_not_run is not None]
SERVERS = [block for block in RUN if block.text.startswith("make serve")]
OTHERS = [block for block in RUN if block not in SERVERS]


def location(block: Block) -> str:
    return block.location


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Run a gateway and a model server for the examples."""
    folder = tmp_path_factory.mktemp("docs")
    with (
        model_server(STARTERS, folder / "model-server.log") as (_, address),
        gateway(address, folder / "gateway.log") as (_, served),
    ):
        wait_until_ready(served)
        yield served


@pytest.fixture
def reader_folder(tmp_path: Path) -> Path:
    """Make a folder like a reader's, with the environment and a few photos."""
    (tmp_path / ".venv").symlink_to(sys.prefix)
    for name in ("photo.jpg", "shirt.jpg", "cat.jpg", "dog.jpg"):
        (tmp_path / name).write_bytes(encoded_photo("JPEG", (600, 800)))
    shutil.copytree(STARTERS, tmp_path / "models")
    return tmp_path


def environment(url: str) -> dict[str, str]:
    path = f"{Path(sys.prefix) / 'bin'}{os.pathsep}{os.environ['PATH']}"
    return {**os.environ, "PATH": path, "PYTHONPATH": str(ROOT), "PHOTOLABEL_URL": url}


@pytest.mark.parametrize("block", OTHERS, ids=location)
def test_a_command_works_as_documented(block: Block, url: str, reader_folder: Path) -> None:
    text = block.text.replace(DOCUMENTED_URL, url)
    shell = ["bash", "-eu", "-o", "pipefail", "-c", text]
    done = subprocess.run(
        shell if block.form == "sh" else [sys.executable, "-c", text],
        cwd=ROOT if "make " in text else reader_folder,
        env=environment(url),
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, f"{text}\n{done.stdout}\n{done.stderr}"
    assert done.stdout.strip(), "it prints something"
    assert '"urn:photolabel:error' not in done.stdout


@pytest.mark.parametrize("block", SERVERS, ids=location)
def test_make_serve_stays_up_and_answers(block: Block, tmp_path: Path) -> None:
    port = free_port()
    options = {"PORT": str(port), "MODELS": str(tmp_path / "models")}
    log = (tmp_path / "log").open("w+")
    command = ["make", "--silent", *block.text.split()[1:], *map("=".join, options.items())]
    process = subprocess.Popen(
        command, cwd=ROOT, stdout=log, stderr=subprocess.STDOUT, start_new_session=True
    )
    try:
        end = time.monotonic() + 60
        while "curl" not in (tmp_path / "log").read_text():
            assert process.poll() is None, (tmp_path / "log").read_text()
            assert time.monotonic() < end, (tmp_path / "log").read_text()
            time.sleep(0.1)
        assert httpx.get(f"http://127.0.0.1:{port}/readyz").status_code == 200
    finally:
        os.killpg(process.pid, signal.SIGINT)
        process.wait(60)
        log.close()
    with pytest.raises(httpx.TransportError):
        httpx.get(f"http://127.0.0.1:{port}/livez")


@pytest.mark.parametrize("block", NOT_RUN, ids=location)
def test_a_command_that_is_not_run(block: Block) -> None:
    pytest.skip(f"documented, not run: {block.why_not_run}")


def test_every_block_has_a_known_language() -> None:
    assert RUN
    unknown = [b.location for b in blocks() if b.form not in RUNNABLE | UNRUNNABLE_FORMS]
    assert not unknown, "mark the block as sh or python, so that it is run"


def test_every_link_has_a_target() -> None:
    missing = [
        f"{document}: {target}#{anchor}"
        for document, target, anchor in links()
        if not target.exists() or (anchor and anchor not in anchors(target))
    ]
    assert not missing
