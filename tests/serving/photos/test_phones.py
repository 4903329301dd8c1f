"""Photos of the sizes that phones take are accepted in every format that they send."""

from collections.abc import Iterator

import pytest
from PIL import Image

from benchmarks.hostile_uploads import jpegs
from serving.deadline import Deadline
from serving.photos import Shape
from serving.photos.errors import TooCostly
from serving.photos.formats_and_limits import DEFAULT_LIMITS
from serving.photos.headers.inspection import inspect
from serving.photos.worker_or_sandbox import PhotoPreparer
from tests.drawing import encode

SHAPE: Shape = (150, 150, 3)
SIZES = [(4032, 3024), (4000, 3000), (5712, 4284), (8064, 6048), (8160, 6144), (8192, 6144)]
SUBSAMPLED = ((2, 2), (1, 1), (1, 1))
FULL = ((1, 1),) * 3
SCAN = jpegs.segment(0xDA, b"\3\1\0\2\0\3\0\0\0\0")


@pytest.fixture(scope="module")
def preparer() -> Iterator[PhotoPreparer]:
    preparer = PhotoPreparer(DEFAULT_LIMITS)
    yield preparer
    preparer.close()


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("sampling", [SUBSAMPLED, FULL])
@pytest.mark.parametrize("frame", [0xC0, 0xC2])
def test_jpegs_of_every_frame_are_accepted(
    size: tuple[int, int], sampling: jpegs.Sampling, frame: int
) -> None:
    photo = inspect(jpegs.jpeg(size, SCAN, frame=frame, sampling=sampling), DEFAULT_LIMITS)
    coefficients = size[0] * size[1] * (3 if sampling == FULL else 1.5)
    assert photo.needs_sandbox == (frame == 0xC2 and coefficients > 60e6)


def test_a_progressive_jpeg_above_the_limit_is_told_what_to_send() -> None:
    large = jpegs.jpeg((7900, 7900), SCAN, frame=0xC2, sampling=FULL)
    with pytest.raises(TooCostly, match="Send a baseline JPEG or a smaller copy"):
        inspect(large, DEFAULT_LIMITS)


@pytest.mark.integration
@pytest.mark.parametrize(
    ("size", "mode", "form", "options", "needs_sandbox"),
    [
        ((8192, 6144), "L", "JPEG", {}, False),
        ((8192, 6144), "RGB", "JPEG", {"progressive": True}, True),
        ((4032, 3024), "RGB", "PNG", {"compress_level": 1}, False),
        ((4032, 3024), "RGBA", "PNG", {"compress_level": 1}, False),
        ((4032, 3024), "RGB", "WEBP", {"method": 0}, True),
        ((5712, 4284), "RGB", "WEBP", {"method": 0}, True),
        ((5712, 4284), "L", "PNG", {"compress_level": 1}, True),
    ],
)
def test_large_photos_are_prepared(
    size: tuple[int, int],
    mode: str,
    form: str,
    options: dict[str, int],
    needs_sandbox: bool,
    preparer: PhotoPreparer,
) -> None:
    encoded = encode(Image.new(mode, size, "white"), form, **options)
    assert inspect(encoded, DEFAULT_LIMITS).needs_sandbox == needs_sandbox
    assert preparer.prepare(encoded, "squash/1", SHAPE, Deadline(60)).min() > 250
