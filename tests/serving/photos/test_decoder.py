"""Photos whose cost can't be foretold: decoded in a helper process, which pays for bombs."""

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

from serving.deadline import Deadline
from serving.errors import DeadlineExceeded
from serving.photos import PREPARATIONS, Shape, prepare
from serving.photos.decoder import PhotoDecoder
from serving.photos.errors import BadPhoto, DamagedPhoto, TooCostly, TooManyPixels
from serving.photos.limits import PhotoLimits
from tests.drawing import encode, encoded_photo

SHAPE: Shape = (150, 150, 3)
LIMITS = PhotoLimits(formats=("JPEG", "AVIF"))
SECONDS = 30.0  # far more than anything here takes
ROOT = Path(__file__).parents[3]
pytestmark = pytest.mark.integration

Start = Callable[..., PhotoDecoder]


@pytest.fixture
def start() -> Iterator[Start]:
    """Return a maker of decoders, which takes limits by name; their helpers end with the test."""
    decoders = []

    def make(**limits: float) -> PhotoDecoder:
        changed: dict[str, Any] = {**limits}
        decoders.append(PhotoDecoder(replace(LIMITS, **changed)))
        return decoders[-1]

    yield make
    for decoder in decoders:
        decoder.close()


@pytest.fixture(scope="module")
def dense() -> bytes:
    """Return an AVIF of noise, which takes much longer to decode than the helper may in tests."""
    noise = np.random.default_rng(0).integers(0, 256, (1500, 2000, 3), np.uint8)
    return encode(Image.fromarray(noise), "AVIF", quality=100, subsampling="4:4:4", speed=10)


def ask(decoder: PhotoDecoder, encoded: bytes, seconds: float = SECONDS) -> np.ndarray:
    return decoder.prepare(encoded, "squash/1", SHAPE, Deadline(seconds))


def helpers(worker: int | None = None) -> list[psutil.Process]:
    """Return the helpers of a process that run."""
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


def test_one_helper_is_started_for_the_first_avif_only(start: Start) -> None:
    decoder = start()
    ask(decoder, encoded_photo("JPEG"))
    assert not helpers()
    for _ in range(3):
        ask(decoder, encoded_photo("AVIF"))
    assert len(helpers()) == 1


def test_refusals_are_those_of_the_worker(start: Start) -> None:
    decoder = start(max_avif_pixels=4799)
    with pytest.raises(TooManyPixels, match="4,799 are accepted in a AVIF"):
        ask(decoder, encoded_photo("AVIF"))
    with pytest.raises(DamagedPhoto, match="does not decode"):
        ask(decoder, encoded_photo("AVIF")[:200])


def test_a_photo_that_takes_too_long_is_refused_and_the_next_one_is_not(
    start: Start, dense: bytes
) -> None:
    decoder = start(max_helper_seconds=0.05)
    for _ in range(2):
        with pytest.raises(TooCostly, match=r"more than 0\.05 s of a processor"):
            ask(decoder, dense)
        assert ask(decoder, encoded_photo("AVIF")).shape == SHAPE


def test_a_photo_that_takes_too_much_memory_is_refused(start: Start) -> None:
    flat = encode(Image.new("RGB", (2000, 2000), "blue"), "AVIF", speed=10)
    decoder = start(max_helper_bytes=20_000_000)
    with pytest.raises(BadPhoto):
        ask(decoder, flat)
    assert ask(decoder, encoded_photo("AVIF")).shape == SHAPE
    assert ask(start(), flat).shape == SHAPE


def test_a_picture_larger_than_its_container_says_stays_within_the_memory(start: Start) -> None:
    whole = encode(Image.new("RGB", (5000, 4000), "blue"), "AVIF", speed=10)
    sizes = (each.to_bytes(4, "big") for each in (5000, 4000, 100, 80))
    width, height, *small = sizes
    lie = whole.replace(width + height, b"".join(small))
    assert lie != whole
    decoder = start(max_helper_bytes=30_000_000)
    with pytest.raises(BadPhoto):
        ask(decoder, lie)
    (helper,) = helpers()
    assert helper.memory_info().rss < 120_000_000


def test_the_helper_is_bounded_by_the_system(start: Start) -> None:
    ask(start(max_helper_bytes=100_000_000), encoded_photo("AVIF"))
    (helper,) = helpers()
    most, _ = resource.prlimit(helper.pid, resource.RLIMIT_AS)
    assert 100_000_000 < most < helper.memory_info().vms + 120_000_000
    assert resource.prlimit(helper.pid, resource.RLIMIT_CORE) == (0, 0)


def test_photos_larger_than_the_helper_are_refused(start: Start) -> None:
    encoded = encoded_photo("AVIF")
    with pytest.raises(TooCostly, match=f"{len(encoded)} bytes"):
        ask(start(max_helper_bytes=1000), encoded)


def test_the_deadline_ends_a_decoding(start: Start, dense: bytes) -> None:
    decoder = start()
    ask(decoder, encoded_photo("AVIF"))
    with pytest.raises(DeadlineExceeded):
        ask(decoder, dense, 0.03)
    assert not helpers()
    assert ask(decoder, encoded_photo("AVIF")).shape == SHAPE


def test_a_start_slower_than_the_deadline_goes_on(start: Start) -> None:
    decoder = start()
    with pytest.raises(DeadlineExceeded):
        ask(decoder, encoded_photo("AVIF"), 0.01)
    (helper,) = helpers()
    ask(decoder, encoded_photo("AVIF"))
    assert helpers() == [helper]


def test_waiting_for_another_photo_ends_with_the_deadline(start: Start) -> None:
    decoder = start()
    ask(decoder, encoded_photo("AVIF"))
    (helper,) = helpers()
    helper.suspend()
    with ThreadPoolExecutor(2) as threads:
        waiting = [threads.submit(ask, decoder, encoded_photo("AVIF"), 0.2) for _ in range(2)]
        for each in waiting:
            with pytest.raises(DeadlineExceeded):
                each.result()
    assert ask(decoder, encoded_photo("AVIF")).shape == SHAPE


def test_threads_get_each_its_own_pixels(start: Start) -> None:
    decoder = start()
    photos = [encode(Image.new("RGB", (90, 70), (i * 8, 0, 0)), "AVIF") for i in range(16)]
    with ThreadPoolExecutor(8) as threads:
        results = list(threads.map(lambda photo: ask(decoder, photo), photos * 4))
    expected = [prepare(photo, "squash/1", SHAPE, LIMITS) for photo in photos] * 4
    np.testing.assert_array_equal(results, expected)


def test_a_helper_killed_between_two_photos_is_replaced(start: Start) -> None:
    decoder = start()
    ask(decoder, encoded_photo("AVIF"))
    (first,) = helpers()
    first.kill()
    wait_for(lambda: first.status() == psutil.STATUS_ZOMBIE)
    assert ask(decoder, encoded_photo("AVIF")).shape == SHAPE
    assert helpers() != [first]


@pytest.mark.parametrize(
    ("how", "kind"), [(signal.SIGKILL, TooCostly), (signal.SIGSEGV, DamagedPhoto)]
)
def test_a_photo_that_gets_its_helper_killed_is_refused(
    how: signal.Signals, kind: type[BadPhoto], start: Start, dense: bytes
) -> None:
    decoder = start()
    ask(decoder, encoded_photo("AVIF"))
    (helper,) = helpers()
    before = helper.cpu_times().user
    with ThreadPoolExecutor(1) as threads:
        answer = threads.submit(ask, decoder, dense)
        wait_for(lambda: helper.cpu_times().user > before)
        helper.send_signal(how)
        with pytest.raises(kind):
            answer.result()
    assert ask(decoder, encoded_photo("AVIF")).shape == SHAPE


def test_the_signals_of_a_service_manager_do_not_end_a_helper(start: Start) -> None:
    decoder = start()
    ask(decoder, encoded_photo("AVIF"))
    (helper,) = helpers()
    assert os.getpgid(helper.pid) != os.getpgid(0)
    helper.send_signal(signal.SIGTERM)
    helper.send_signal(signal.SIGINT)
    ask(decoder, encoded_photo("AVIF"))
    assert helpers() == [helper]


_WORKER = """
import sys
from tests.serving.photos.test_decoder import LIMITS, PhotoDecoder, ask, encoded_photo
decoder = PhotoDecoder(LIMITS)
ask(decoder, encoded_photo("AVIF"))
print("ready", flush=True)
sys.stdin.read()
"""


def test_a_worker_that_is_killed_leaves_no_helper() -> None:
    command = [sys.executable, "-c", _WORKER]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe) as worker:
        assert worker.stdout is not None
        assert worker.stdout.readline() == b"ready\n"
        (helper,) = helpers(worker.pid)
        worker.kill()
    helper.wait(SECONDS)
    assert not helper.is_running()
