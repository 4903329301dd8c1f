"""Every bomb is refused before it is decoded, with an error that gives the reason."""

import struct
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from benchmarks.hostile_uploads import jpegs, pngs, profiles
from benchmarks.hostile_uploads.bombs import bomb
from serving.http_errors import PhotolabelError
from serving.photos import PREPARATIONS, Shape, prepare
from serving.photos.errors import (
    BadPhoto,
    DamagedPhoto,
    TooCostly,
    TooManyPixels,
    UnsupportedFormat,
)
from serving.photos.formats_and_limits import DEFAULT_LIMITS, PhotoLimits
from tests.drawing import encode, encoded_photo, photo

SHAPE: Shape = (150, 150, 3)
REFUSED: dict[str, tuple[type[PhotolabelError], str]] = {
    "JPEG of 10,000 scans": (TooCostly, "more than 64 scans"),
    "JPEG of 65,535 squared": (TooCostly, "65500×65500"),
    "progressive JPEG of 62 megapixels": (TooCostly, "187,419,648 coefficients"),
    "arithmetically coded JPEG": (UnsupportedFormat, "arithmetically coded"),
    "JPEG of 400,000 empty segments": (TooCostly, "more than 1,000 segments"),
    "JPEG with 4 MB of fill bytes": (DamagedPhoto, "JPEG"),
    "JPEG with 4 MB of junk": (DamagedPhoto, "JPEG"),
    "JPEG of 300,000 quantization tables": (TooCostly, "quantization tables"),
    "JPEG of 1,500,000 Photoshop resources": (TooCostly, "Photoshop resources"),
    "JPEG with EXIF data in 100,000 parts": (TooCostly, "segments"),
    "JPEG with 5 MB of EXIF data": (TooCostly, "1,000,000 bytes of EXIF data"),
    "JPEG with a profile of 6 MB": (TooCostly, "4,000,000 bytes of colour profile"),
    "JPEG with a profile that declares 500 MB": (TooCostly, "244,351,875 entries"),
    "JPEG with a profile grid that declares 500 MB": (TooCostly, "244,351,875 entries"),
    "PNG with a profile of 100,000 elements": (TooCostly, "multi-process elements"),
    "PNG with a profile of 100 MB": (TooCostly, "iCCP chunk"),
    "PNG with texts of 64 MB": (TooCostly, "4,000,000"),
    "PNG with texts of 64 MB at its end": (TooCostly, "4,000,000"),
    "PNG with 15,000 texts of wrong checksums": (TooCostly, "4,000,000"),
    "PNG of 300,000 chunks": (TooCostly, "20,000 chunks"),
    "PNG of 300,000 pixel chunks": (TooCostly, "20,000 chunks"),
    "PNG with EXIF data of 5 MB at its end": (TooCostly, "EXIF data"),
    "PNG of 2 billion squared": (TooManyPixels, "2147483647×2147483647"),
    "PNG of one column": (TooManyPixels, "longer than 30,000"),
    "PNG of 26 megapixels": (TooManyPixels, "5100×5100 = 26,010,000"),
    "WebP of 16,383 squared": (TooManyPixels, "16383×16383"),
    "WebP of 300,000 chunks": (TooCostly, "20,000 chunks"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_bombs_are_refused(name: str) -> None:
    kind, why = REFUSED[name]
    with pytest.raises(kind, match=why):
        prepare(bomb(name), "squash/1", SHAPE)


def test_scans_after_a_marker_that_looks_like_the_end_are_counted() -> None:
    hiding = jpegs.segment(0xFE, b"\xff\xd9")
    whole = jpegs.many_scans((400, 300), 100)
    second = whole.index(b"\xff\xda", whole.index(b"\xff\xda") + 2)
    with pytest.raises(TooCostly, match="scans"):
        prepare(whole[:second] + hiding + whole[second:], "squash/1", SHAPE)


def test_scans_of_images_after_the_first_do_not_count() -> None:
    progressive = encode(photo(), "JPEG", progressive=True)
    trailing = progressive + jpegs.many_scans((400, 300), 1000) + b"\xff\xda" * 1000
    np.testing.assert_array_equal(
        prepare(trailing, "squash/1", SHAPE), prepare(progressive, "squash/1", SHAPE)
    )


def test_ordinary_progressive_jpegs_are_accepted() -> None:
    progressive = encode(photo((2000, 1500)), "JPEG", progressive=True)
    assert prepare(progressive, "squash/1", SHAPE).shape == SHAPE


def test_exif_and_profile_within_the_limits_are_accepted() -> None:
    whole = encoded_photo()
    before = jpegs.exif_segments(bytes(300_000)) + jpegs.profile_segments(bytes(600_000))
    np.testing.assert_array_equal(
        prepare(whole[:2] + before + whole[2:], "squash/1", SHAPE),
        prepare(whole, "squash/1", SHAPE),
    )


def test_a_jpeg_too_narrow_to_be_reduced_has_fewer_pixels() -> None:
    limits = replace(DEFAULT_LIMITS, max_decoded_pixels=100_000)
    wide, narrow = (encode(photo(size), "JPEG") for size in ((800, 700), (2000, 280)))
    assert prepare(wide, "squash/1", (50, 50, 3), limits).shape == (50, 50, 3)
    with pytest.raises(TooManyPixels, match="less than 1000×140"):
        prepare(narrow, "squash/1", (50, 50, 3), limits)


@pytest.mark.parametrize(("depth", "color"), [(8, 6), (16, 2)])
def test_pngs_are_measured_by_their_bytes(depth: int, color: int) -> None:
    encoded = pngs.png((200, 100), depth=depth, color=color)
    size = 200 * 100 * depth * {2: 3, 6: 4}[color] // 8
    assert prepare(encoded, "squash/1", SHAPE, PhotoLimits(max_png_bytes=size)).shape == SHAPE
    with pytest.raises(TooCostly, match=f"{size:,} bytes"):
        prepare(encoded, "squash/1", SHAPE, PhotoLimits(max_png_bytes=size - 1))


def test_every_format_has_its_own_limit_of_pixels() -> None:
    for form in ("WEBP", "TIFF", "AVIF"):
        limits = PhotoLimits(formats=(form,), **{f"max_{form.lower()}_pixels": 4799})
        with pytest.raises(TooManyPixels, match=f"4,799 are accepted in {form}"):
            prepare(encoded_photo(form), "squash/1", SHAPE, limits)


@pytest.mark.parametrize("first", [b"IHDR", b"tEXt"])
def test_a_png_has_one_header_and_it_comes_first(first: bytes) -> None:
    """Decoders differ in which of two headers they read."""
    small = struct.pack(">IIBBBBB", 8, 8, 8, 0, 0, 0, 0) if first == b"IHDR" else b"a\0b"
    signature, rest = (image := pngs.png((64, 64), depth=16))[:8], image[8:]
    with pytest.raises(DamagedPhoto, match="IHDR"):
        prepare(signature + pngs.chunk(first, small) + rest, "squash/1", SHAPE)


def test_a_broken_text_of_a_png_is_ignored() -> None:
    assert prepare(pngs.png((64, 64), before=pngs.broken_text()), "squash/1", SHAPE).shape == SHAPE


def test_slow_profiles_still_convert() -> None:
    table = encode(photo(), "PNG", icc_profile=profiles.table_profile("RGB", 5))
    plain = prepare(encode(photo()), "squash/1", SHAPE)
    assert np.abs(prepare(table, "squash/1", SHAPE).astype(int) - plain).mean() > 10


@pytest.mark.parametrize("mode", ["L", "RGB", "P", "LA", "RGBA", "CMYK"])
@pytest.mark.parametrize("profile", [None, "RGB", "CMYK", "broken"])
@pytest.mark.parametrize("preparation", PREPARATIONS)
def test_strips_are_converted_as_the_whole_would_be(
    mode: str, profile: str | None, preparation: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    icc = b"broken" if profile == "broken" else profile and profiles.table_profile(profile, 5)
    image = photo((210, 190))
    if "A" in mode:
        image.putalpha(image.convert("L"))
    options = {"icc_profile": icc} if icc else {}
    encoded = encode(image.convert(mode), "JPEG" if mode == "CMYK" else "PNG", **options)
    whole = prepare(encoded, preparation, SHAPE)
    monkeypatch.setattr("serving.photos.preparation.STRIP_PIXELS", 210 * 7)
    np.testing.assert_array_equal(prepare(encoded, preparation, SHAPE), whole)


def test_no_error_keeps_pixels_in_memory() -> None:
    whole = encode(photo((500, 400)), "PNG")
    errors = []
    for _ in range(3):
        try:
            prepare(whole[:-300], "squash/1", SHAPE)
        except BadPhoto as error:
            errors.append(error)
    assert len(errors) == 3
    for kept_error in errors:
        assert kept_error.__context__ is None
        trace = kept_error.__traceback__
        while trace is not None:
            kept = [v for v in trace.tb_frame.f_locals.values() if isinstance(v, Image.Image)]
            assert not kept
            trace = trace.tb_next


def test_a_file_may_have_anything_after_its_first_image() -> None:
    whole = encoded_photo()
    np.testing.assert_array_equal(
        prepare(whole + b"\xff" * 100_000, "squash/1", SHAPE),
        prepare(whole, "squash/1", SHAPE),
    )
