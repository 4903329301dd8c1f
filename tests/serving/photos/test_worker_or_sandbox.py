"""Photos whose headers do not show their cost are prepared in a sandbox, which pays for bombs."""

import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
from PIL import Image

from benchmarks.hostile_uploads import avifs
from serving.deadline import Deadline
from serving.http_errors import DeadlineExceeded, TooManyRequests
from serving.photos import PREPARATIONS, Shape, prepare
from serving.photos.errors import BadPhoto, DamagedPhoto, TooCostly, TooManyPixels
from serving.photos.formats_and_limits import PhotoLimits
from serving.photos.worker_or_sandbox import PhotoPreparer
from tests.drawing import encode, encoded_photo

SHAPE: Shape = (150, 150, 3)
LIMITS = PhotoLimits(formats=("JPEG", "AVIF"))
SECONDS = 30.0  # far more than anything here takes
ROOT = Path(__file__).parents[3]
pytestmark = pytest.mark.integration

Start = Callable[..., PhotoPreparer]


@pytest.fixture
def start() -> Iterator[Start]:
    """Return a factory of preparers, given limits by name; their sandboxes end with the test."""
    preparers = []

    def make(**limits: float) -> PhotoPreparer:
        changed: dict[str, Any] = {**limits}
        preparers.append(PhotoPreparer(replace(LIMITS, **changed)))
        return preparers[-1]

    yield make
    for preparer in preparers:
        preparer.close()


@pytest.fixture(scope="module")
def dense() -> bytes:
    """Return an AVIF of noise, which takes longer to decode than tests allow the sandbox."""
    noise = np.random.default_rng(0).integers(0, 256, (1500, 2000, 3), np.uint8)
    return encode(Image.fromarray(noise), "AVIF", quality=100, subsampling="4:4:4", speed=10)


def ask(preparer: PhotoPreparer, encoded: bytes, seconds: float = SECONDS) -> np.ndarray:
    return preparer.prepare(encoded, "squash/1", SHAPE, Deadline(seconds))


def sandboxes(worker: int | None = None) -> list[psutil.Process]:
    """Return the running sandboxes of a process."""
    children = psutil.Process(worker).children()
    return [each for each in children if "serving.photos.sandbox" in each.cmdline()]


def wait_for(condition: Callable[[], object]) -> None:
    end = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


@pytest.mark.parametrize("preparation", PREPARATIONS)
@pytest.mark.parametrize("shape", [SHAPE, (28, 28, 1)])
def test_pixels_are_those_of_the_one_preprocessing(
    preparation: str, shape: Shape, start: Start
) -> None:
    encoded = encoded_photo("AVIF", (210, 160))
    np.testing.assert_array_equal(
        start().prepare(encoded, preparation, shape, Deadline(SECONDS)),
        prepare(encoded, preparation, shape, LIMITS),
    )


def test_one_sandbox_is_started_for_the_first_avif_only(start: Start) -> None:
    preparer = start()
    ask(preparer, encoded_photo("JPEG"))
    assert not sandboxes()
    for _ in range(3):
        ask(preparer, encoded_photo("AVIF"))
    assert len(sandboxes()) == 1


def test_refusals_are_those_of_the_worker(start: Start) -> None:
    preparer = start(max_avif_pixels=4799)
    with pytest.raises(TooManyPixels, match="4,799 are accepted in AVIF"):
        ask(preparer, encoded_photo("AVIF"))
    with pytest.raises(DamagedPhoto, match="does not decode"):
        ask(preparer, encoded_photo("AVIF")[:200])


def test_a_photo_that_takes_too_long_is_refused_and_the_next_one_is_not(
    start: Start, dense: bytes
) -> None:
    preparer = start(max_helper_seconds=0.05)
    for _ in range(2):
        with pytest.raises(TooCostly, match=r"more than 0\.05 s of processor time"):
            ask(preparer, dense)
        assert ask(preparer, encoded_photo("AVIF")).shape == SHAPE


def test_a_photo_that_takes_too_much_memory_is_refused(start: Start) -> None:
    flat = encode(Image.new("RGB", (2000, 2000), "blue"), "AVIF", speed=10)
    preparer = start(max_helper_bytes=20_000_000)
    with pytest.raises(BadPhoto):
        ask(preparer, flat)
    assert ask(preparer, encoded_photo("AVIF")).shape == SHAPE
    assert ask(start(), flat).shape == SHAPE


def test_a_picture_larger_than_its_container_declares_is_bounded(
    start: Start,
) -> None:
    lying = avifs.lying((5000, 4000), (100, 80))
    preparer = start(max_helper_bytes=30_000_000)
    with pytest.raises(BadPhoto):
        ask(preparer, lying)
    (sandbox,) = sandboxes()
    assert sandbox.memory_info().rss < 120_000_000


def test_the_sandbox_is_bounded_by_the_operating_system(start: Start) -> None:
    ask(start(max_helper_bytes=100_000_000), encoded_photo("AVIF"))
    (sandbox,) = sandboxes()
    most, _ = resource.prlimit(sandbox.pid, resource.RLIMIT_AS)
    assert 100_000_000 < most < sandbox.memory_info().vms + 120_000_000
    assert resource.prlimit(sandbox.pid, resource.RLIMIT_CORE) == (0, 0)


def test_files_too_large_for_the_sandbox_are_refused(start: Start) -> None:
    encoded = encoded_photo("AVIF")
    with pytest.raises(TooCostly, match=f"{len(encoded)} bytes"):
        ask(start(max_helper_bytes=1000), encoded)


def test_the_deadline_ends_a_decoding(start: Start, dense: bytes) -> None:
    preparer = start()
    ask(preparer, encoded_photo("AVIF"))
    with pytest.raises(DeadlineExceeded):
        ask(preparer, dense, 0.03)
    assert not sandboxes()
    assert ask(preparer, encoded_photo("AVIF")).shape == SHAPE


def test_a_start_slower_than_the_deadline_continues(start: Start) -> None:
    preparer = start()
    with pytest.raises(DeadlineExceeded):
        ask(preparer, encoded_photo("AVIF"), 0.01)
    (sandbox,) = sandboxes()
    ask(preparer, encoded_photo("AVIF"))
    assert sandboxes() == [sandbox]


def test_waiting_for_another_photo_ends_with_the_deadline(start: Start) -> None:
    preparer = start()
    ask(preparer, encoded_photo("AVIF"))
    (sandbox,) = sandboxes()
    sandbox.suspend()
    with ThreadPoolExecutor(2) as threads:
        waiting = [threads.submit(ask, preparer, encoded_photo("AVIF"), 0.2) for _ in range(2)]
        for each in waiting:
            with pytest.raises((DeadlineExceeded, TooManyRequests)):
                each.result()
    assert ask(preparer, encoded_photo("AVIF")).shape == SHAPE


def test_each_thread_gets_its_own_pixels(start: Start) -> None:
    preparer = start()
    photos = [encode(Image.new("RGB", (90, 70), (i * 8, 0, 0)), "AVIF") for i in range(16)]
    with ThreadPoolExecutor(8) as threads:
        results = list(threads.map(lambda photo: ask(preparer, photo), photos * 4))
    expected = [prepare(photo, "squash/1", SHAPE, LIMITS) for photo in photos] * 4
    np.testing.assert_array_equal(results, expected)


def test_a_sandbox_killed_between_two_photos_is_replaced(start: Start) -> None:
    preparer = start()
    ask(preparer, encoded_photo("AVIF"))
    (first,) = sandboxes()
    first.kill()
    wait_for(lambda: first.status() == psutil.STATUS_ZOMBIE)
    assert ask(preparer, encoded_photo("AVIF")).shape == SHAPE
    assert sandboxes() != [first]


@pytest.mark.parametrize(
    ("how", "kind"), [(signal.SIGKILL, TooCostly), (signal.SIGSEGV, DamagedPhoto)]
)
def test_a_photo_that_gets_its_sandbox_killed_is_refused(
    how: signal.Signals, kind: type[BadPhoto], start: Start, dense: bytes
) -> None:
    preparer = start()
    ask(preparer, encoded_photo("AVIF"))
    (sandbox,) = sandboxes()
    before = sandbox.cpu_times().user
    with ThreadPoolExecutor(1) as threads:
        response = threads.submit(ask, preparer, dense)
        wait_for(lambda: sandbox.cpu_times().user > before)
        sandbox.send_signal(how)
        with pytest.raises(kind):
            response.result()
    assert ask(preparer, encoded_photo("AVIF")).shape == SHAPE


def test_signals_of_a_service_manager_do_not_end_a_sandbox(start: Start) -> None:
    preparer = start()
    ask(preparer, encoded_photo("AVIF"))
    (sandbox,) = sandboxes()
    assert os.getpgid(sandbox.pid) != os.getpgid(0)
    sandbox.send_signal(signal.SIGTERM)
    sandbox.send_signal(signal.SIGINT)
    ask(preparer, encoded_photo("AVIF"))
    assert sandboxes() == [sandbox]


_WORKER = """
import sys
from tests.serving.photos.test_worker_or_sandbox import LIMITS, PhotoPreparer, ask, encoded_photo
preparer = PhotoPreparer(LIMITS)
ask(preparer, encoded_photo("AVIF"))
print("ready", flush=True)
sys.stdin.read()
"""


def test_a_worker_that_is_killed_leaves_no_sandbox() -> None:
    command = [sys.executable, "-c", _WORKER]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe) as worker:
        assert worker.stdout is not None
        assert worker.stdout.readline() == b"ready\n"
        (sandbox,) = sandboxes(worker.pid)
        worker.kill()
    sandbox.wait(SECONDS)
    assert not sandbox.is_running()
