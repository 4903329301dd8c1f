"""Risky formats end to end: bombs are refused, sandboxes are replaced, none outlives its worker."""

import os
import shutil
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import numpy as np
import psutil
import pytest
from PIL import Image

from benchmarks.hostile_uploads import bmps, gifs
from benchmarks.hostile_uploads.heics import HEIC
from tests.drawing import encode, encoded_photo
from tests.e2e.processes import STARTERS, Program, gateway, model_server, wait_until_ready

pytestmark = [pytest.mark.e2e, pytest.mark.usefixtures("embedded_only")]

SETTINGS = {
    "formats": "JPEG,WEBP,AVIF,GIF,BMP,HEIC",
    "models": "clothing",
    "workers": "1",
    "time_budget": "60",
    "max_helper_seconds": "0.2",
    "max_helper_bytes": "60000000",
    "worker_webp_pixels": "4799",
}
PATH = "/v1/models/clothing:classify"


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Run a model server with one model."""
    folder = tmp_path_factory.mktemp("models")
    shutil.copytree(STARTERS / "clothing", folder / "clothing")
    with model_server(folder, folder.with_suffix(".log")) as (_, at):
        yield at


@pytest.fixture(scope="module")
def running(
    address: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Program, str]]:
    """Run a gateway that accepts risky formats, with low limits."""
    log = tmp_path_factory.mktemp("avif") / "gateway.log"
    with gateway(address, log, **SETTINGS) as (program, url):
        wait_until_ready(url)
        yield program, url
        assert "Traceback" not in program.output()


def classify(url: str, photo: bytes) -> int:
    response = httpx.post(f"{url}{PATH}", content=photo, timeout=90)
    if response.status_code >= 400:
        assert response.headers["Content-Type"] == "application/problem+json"
    return response.status_code


def sandboxes(program: Program) -> list[psutil.Process]:
    """Return the running sandboxes of the gateway."""
    family = psutil.Process(program.process.pid).children(recursive=True)
    return [each for each in family if "serving.photos.sandbox" in each.cmdline()]


def test_bombs_are_refused_and_the_next_photo_is_classified(running: tuple[Program, str]) -> None:
    program, url = running
    workers = psutil.Process(program.process.pid).children()
    noise = np.random.default_rng(0).integers(0, 256, (1200, 2000, 3), np.uint8)
    options = {"quality": 100, "subsampling": "4:4:4", "speed": 10}
    slow = encode(Image.fromarray(noise), "AVIF", **options)
    large = encode(Image.new("RGB", (3000, 3000), "blue"), "AVIF", speed=10)
    assert classify(url, encoded_photo("AVIF")) == 200
    comments = gifs.commented(bytes(4_000_000))
    lines = bmps.run_lengths((4000, 4000), bytes(8_000_000))
    for bomb in (slow, large, comments, lines):
        assert classify(url, bomb) in {413, 422}
        for form in ("AVIF", "GIF", "BMP", "JPEG"):
            assert classify(url, encoded_photo(form)) == 200
    assert psutil.Process(program.process.pid).children() == workers


def test_costly_and_ordinary_photos_of_one_form_are_classified(
    running: tuple[Program, str],
) -> None:
    """A WebP of 80×60 is costly by the settings above; a HEIC always is."""
    program, url = running
    photos = [HEIC["plain"], encoded_photo("WEBP"), encoded_photo(), HEIC["turned"]]
    for each in photos:
        assert classify(url, each) == 200
    assert len(sandboxes(program)) == 1
    files = [("photo", (f"{index}", each)) for index, each in enumerate(photos)]
    response = httpx.post(f"{url}{PATH}", files=files, timeout=90)
    assert response.status_code == 200, response.text
    predictions = response.json()["predictions"]
    assert len({each["label"] for each in predictions}) == 1
    assert [each["image"] for each in predictions] == ["0", "1", "2", "3"]


def test_a_killed_sandbox_is_replaced(running: tuple[Program, str]) -> None:
    program, url = running
    assert classify(url, encoded_photo("AVIF")) == 200
    (sandbox,) = sandboxes(program)
    sandbox.kill()
    end = time.monotonic() + 30
    while sandbox.status() != psutil.STATUS_ZOMBIE:  # Reaped when its worker starts the next one.
        assert time.monotonic() < end
        time.sleep(0.01)
    assert classify(url, encoded_photo("AVIF")) == 200
    assert len(sandboxes(program)) == 1
    assert sandboxes(program) != [sandbox]


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_no_sandbox_outlives_its_worker(running: tuple[Program, str], how: signal.Signals) -> None:
    program, url = running
    assert classify(url, encoded_photo("AVIF")) == 200
    (sandbox,) = sandboxes(program)
    worker = sandbox.parent()
    assert worker is not None
    os.kill(worker.pid, how)
    sandbox.wait(60)
    wait_until_ready(url)


def test_no_sandbox_outlives_the_gateway(address: str, tmp_path: Path) -> None:
    with gateway(address, tmp_path / "log", **SETTINGS) as (program, url):
        wait_until_ready(url)
        assert classify(url, encoded_photo("AVIF")) == 200
        (sandbox,) = sandboxes(program)
        assert program.stop() == 0
    sandbox.wait(30)
