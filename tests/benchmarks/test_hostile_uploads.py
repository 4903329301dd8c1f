"""A smaller run of the attack, without a gateway: no upload may raise anything but `BadPhoto`."""

import contextlib
import random

import numpy as np
import pytest

from benchmarks.hostile_uploads.bombs import BOMBS, mutated
from benchmarks.hostile_uploads.requests import REQUESTS
from benchmarks.hostile_uploads.uploads import uploads
from serving.photos import prepare
from serving.photos.errors import BadPhoto
from serving.photos.formats_and_limits import PhotoLimits

LIMITS = PhotoLimits(formats=("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF"))


@pytest.mark.filterwarnings("ignore")  # Pillow warns about what is in the file.
def test_mutated_photos_are_prepared_or_refused() -> None:
    generator = random.Random(0)
    prepared = 0
    for _ in range(300):
        with contextlib.suppress(BadPhoto):
            pixels = prepare(mutated(generator), "garment/1", (28, 28, 1), LIMITS)
            prepared += 1
            assert pixels.shape == (28, 28, 1)
            assert pixels.dtype == np.uint8
    assert 30 < prepared < 270  # Most mutations do damage, some do not.


def test_uploads_are_the_same_for_a_seed(monkeypatch: pytest.MonkeyPatch) -> None:
    cheap = {name: BOMBS[name] for name in list(BOMBS)[:3]}  # Some take long to make.
    monkeypatch.setattr("benchmarks.hostile_uploads.uploads.BOMBS", cheap)
    first, second = (list(uploads(90, seed=3)) for _ in range(2))
    assert first == second
    assert len(first) == 90
    assert {f"request: {name}" for name in REQUESTS} <= {upload.kind for upload in first}


def test_the_requested_number_of_uploads_is_made() -> None:
    assert [upload.kind for upload in uploads(2, seed=0)] == [f"bomb: {name}" for name in BOMBS][:2]
