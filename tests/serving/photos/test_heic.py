"""HEIC → the same pixels as from other formats, or a refusal by name."""

import numpy as np
import pytest

from benchmarks.hostile_uploads.heics import HEIC, lying
from serving.deadline import Deadline
from serving.gateway.settings import SettingsError, read_settings
from serving.photos import Shape, heic, prepare
from serving.photos.errors import BadPhoto, DamagedPhoto, TooManyPixels, UnsupportedFormat
from serving.photos.formats_and_limits import PhotoLimits
from serving.photos.worker_or_sandbox import PhotoPreparer
from tests.drawing import encode, photo

SHAPE: Shape = (150, 150, 3)
LIMITS = PhotoLimits(formats=("JPEG", "HEIC"))


def pixels(name: str) -> np.ndarray:
    return prepare(HEIC[name], "squash/1", SHAPE, LIMITS)


@pytest.mark.parametrize("name", ["plain", "turned", "second", "ten_bits"])
def test_pixels_are_those_of_the_photo(name: str) -> None:
    expected = prepare(encode(photo()), "squash/1", SHAPE).astype(int)
    assert np.abs(pixels(name) - expected).mean() < 2


def test_transparency_lies_over_white() -> None:
    assert pixels("transparent").min() == 255


def test_hdr_is_refused_by_name() -> None:
    with pytest.raises(UnsupportedFormat, match=r"HDR \(PQ\)"):
        pixels("hdr")


def test_pixels_are_counted_before_decoding() -> None:
    limits = PhotoLimits(formats=("HEIC",), max_heic_pixels=4799)
    with pytest.raises(TooManyPixels, match="4,799 are accepted in HEIC"):
        prepare(HEIC["plain"], "squash/1", SHAPE, limits)


@pytest.mark.parametrize("declared", [(5000, 4000), (8, 8), (65_000, 65_000), (0, 0)])
def test_a_wrong_size_in_the_container_is_an_error_of_the_photo(declared: tuple[int, int]) -> None:
    with pytest.raises(BadPhoto):
        prepare(lying(declared), "squash/1", SHAPE, LIMITS)


@pytest.mark.parametrize("length", [12, 40, 300, 800])
def test_a_file_that_is_cut_off_is_damaged(length: int) -> None:
    with pytest.raises(DamagedPhoto, match="HEIC"):
        prepare(HEIC["plain"][:length], "squash/1", SHAPE, LIMITS)


@pytest.mark.integration
def test_the_sandbox_decodes_it() -> None:
    preparer = PhotoPreparer(LIMITS)
    try:
        prepared = preparer.prepare(HEIC["plain"], "squash/1", SHAPE, Deadline(60))
    finally:
        preparer.close()
    np.testing.assert_array_equal(prepared, pixels("plain"))


@pytest.mark.parametrize("name", ["HEIC", "heif"])
def test_the_setting_takes_both_names(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PHOTOLABEL_FORMATS", f"JPEG,{name}")
    assert read_settings().photo_limits().formats == ("JPEG", "HEIC")


def test_without_the_decoder_errors_say_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heic, "find_spec", lambda _: None)
    with pytest.raises(UnsupportedFormat, match="pip install pi-heif"):
        pixels("plain")
    monkeypatch.setenv("PHOTOLABEL_FORMATS", "JPEG,HEIC")
    with pytest.raises(SettingsError, match="pip install pi-heif"):
        read_settings()
