"""Encoded photo → pixels: formats, orientation, colours, limits."""

import io
import zlib

import numpy as np
import pytest
from PIL import Image, ImageCms

from serving.photos import PREPARATIONS, Shape, prepare
from serving.photos.errors import DamagedPhoto, NotAnImage, TooManyPixels, UnsupportedFormat
from serving.photos.formats_and_limits import PhotoLimits
from tests.drawing import encode, encoded_photo, photo

SQUASH: Shape = (150, 150, 3)
GARMENT: Shape = (28, 28, 1)


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("preparation", PREPARATIONS)
@pytest.mark.parametrize("shape", [SQUASH, GARMENT])
def test_every_format_becomes_pixels_of_the_shape(
    form: str, preparation: str, shape: Shape
) -> None:
    pixels = prepare(encoded_photo(form), preparation, shape)
    assert pixels.shape == shape
    assert pixels.dtype == np.uint8
    assert pixels.max() > pixels.min()


@pytest.mark.parametrize(
    ("preparation", "shape", "mode"),
    [("garment/1", GARMENT, "L"), ("squash/1", SQUASH, "RGB"), ("garment/1", (40, 30, 3), "RGB")],
)
def test_an_image_of_the_models_size_passes_bit_for_bit(
    preparation: str, shape: Shape, mode: str
) -> None:
    given = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    image = Image.fromarray(given.squeeze())
    assert image.mode == mode
    np.testing.assert_array_equal(prepare(encode(image), preparation, shape), given)


@pytest.mark.parametrize("preparation", PREPARATIONS)
@pytest.mark.parametrize("orientation", range(1, 9))
def test_sideways_photos_are_turned_upright(preparation: str, orientation: int) -> None:
    upright = photo((80, 60))
    undo = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    stored = upright.transpose(undo[orientation]) if orientation > 1 else upright
    exif = Image.Exif()
    exif[0x0112] = orientation
    np.testing.assert_array_equal(
        prepare(encode(stored, exif=exif), preparation, SQUASH),
        prepare(encode(upright), preparation, SQUASH),
    )


@pytest.mark.filterwarnings("ignore:Corrupt EXIF")
def test_exif_that_cannot_be_read_is_ignored() -> None:
    broken = encode(photo(), "JPEG", exif=b"Exif\0\0II*\0\xff\xff\xff\xff")
    np.testing.assert_array_equal(
        prepare(broken, "squash/1", SQUASH), prepare(encode(photo(), "JPEG"), "squash/1", SQUASH)
    )


def test_exif_that_pillow_cannot_write_back_still_turns_the_photo() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x011A] = 72.0
    data = exif.tobytes()
    # The fraction becomes a tag of integers, which Pillow reads but cannot write.
    sloppy = data.replace(b"\x01\x1a\x00\x05", b"\x01\x56\x00\x05")
    assert sloppy != data
    stored = photo((80, 60)).transpose(Image.Transpose.ROTATE_90)
    np.testing.assert_array_equal(
        prepare(encode(stored, exif=sloppy), "squash/1", SQUASH),
        prepare(encode(photo((80, 60))), "squash/1", SQUASH),
    )


def test_transparency_lies_over_white() -> None:
    clear = Image.new("RGBA", (30, 20), (255, 0, 0, 0))
    assert prepare(encode(clear), "squash/1", SQUASH).min() == 255
    palette = Image.new("RGB", (30, 20), "blue").quantize(4)
    index = palette.getpixel((0, 0))
    assert prepare(encode(palette, transparency=index), "squash/1", SQUASH).min() == 255


def test_16_bit_gray_is_scaled_not_clipped() -> None:
    image = Image.fromarray(np.full((20, 30), 0x8000, np.uint16))
    assert set(prepare(encode(image), "squash/1", SQUASH).ravel()) == {0x80}


def test_cmyk_and_gray_become_rgb() -> None:
    red = Image.new("CMYK", (30, 20), (0, 255, 255, 0))
    pixels = prepare(encode(red, "JPEG", quality=95), "squash/1", SQUASH)
    assert pixels[75, 75].tolist() == pytest.approx([255, 0, 0], abs=6)
    gray = Image.new("L", (30, 20), 77)
    assert prepare(encode(gray), "squash/1", SQUASH)[0, 0].tolist() == [77, 77, 77]


def test_an_srgb_profile_changes_nothing_and_a_broken_one_is_ignored() -> None:
    plain = prepare(encode(photo()), "squash/1", SQUASH)
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    same = prepare(encode(photo(), icc_profile=srgb), "squash/1", SQUASH)
    np.testing.assert_allclose(same.astype(int), plain.astype(int), atol=2)
    broken = prepare(encode(photo(), icc_profile=b"not a profile"), "squash/1", SQUASH)
    np.testing.assert_array_equal(broken, plain)


def test_squash_keeps_the_whole_photo() -> None:
    pixels = prepare(encode(photo((400, 300))), "squash/1", SQUASH)
    expected = np.asarray(photo((400, 300)).resize((150, 150), Image.Resampling.BILINEAR))
    np.testing.assert_array_equal(pixels, expected)


def test_resizing_is_antialiased() -> None:
    checkers = np.indices((600, 600)).sum(0) % 2 * 255
    pixels = prepare(encode(Image.fromarray(checkers.astype(np.uint8))), "squash/1", SQUASH)
    assert np.ptp(pixels.astype(int)) <= 2
    assert abs(int(pixels.mean()) - 127) <= 2


def test_garment_shows_dark_on_light_and_light_on_dark_alike() -> None:
    dark = Image.new("L", (300, 600), 240)
    dark.paste(20, (100, 100, 200, 500))
    light = Image.new("L", (300, 600), 15)
    light.paste(235, (100, 100, 200, 500))
    first, second = (prepare(encode(image), "garment/1", GARMENT) for image in (dark, light))
    np.testing.assert_allclose(first.astype(int), second.astype(int), atol=1)
    assert first[14, 14, 0] > 200
    assert first[:, :7].max() == 0
    assert first[:, 21:].max() == 0


def test_garment_keeps_the_aspect_ratio() -> None:
    bar = Image.new("L", (600, 30), 255)
    bar.paste(0, (10, 5, 590, 25))
    rows = prepare(encode(bar), "garment/1", GARMENT).max(axis=(1, 2))
    assert np.flatnonzero(rows).size <= 2
    sliver = prepare(encode(Image.new("L", (4000, 2), 200)), "garment/1", GARMENT)
    assert sliver.shape == GARMENT


@pytest.mark.parametrize("shape", [SQUASH, GARMENT])
def test_reduced_decoding_of_large_jpegs_moves_pixels_little(shape: Shape) -> None:
    large = photo((1200, 900))
    preparation = "squash/1" if shape == SQUASH else "garment/1"
    from_jpeg = prepare(encode(large, "JPEG", quality=95), preparation, shape)
    from_png = prepare(encode(large), preparation, shape)
    assert np.abs(from_jpeg.astype(int) - from_png).mean() < 2


def test_no_photo_is_changed_by_preparing_it_twice() -> None:
    once = prepare(encoded_photo(), "squash/1", SQUASH)
    again = prepare(encode(Image.fromarray(once)), "squash/1", SQUASH)
    np.testing.assert_array_equal(once, again)


@pytest.mark.parametrize("encoded", [b"", b"hello", b"<b/>", b"\0" * 100, b"RIFF\0\0\0\0WAVE"])
def test_files_that_are_not_images_are_refused(encoded: bytes) -> None:
    with pytest.raises(NotAnImage, match="JPEG, PNG, WEBP"):
        prepare(encoded, "squash/1", SQUASH)


def test_heic_is_refused_by_name() -> None:
    with pytest.raises(UnsupportedFormat, match=r"HEIC.*Most Compatible"):
        prepare(b"\0\0\0\x18ftypheic\0\0\0\0", "squash/1", SQUASH)


@pytest.mark.parametrize("form", ["GIF", "BMP", "TIFF", "AVIF"])
def test_other_formats_need_a_setting(form: str) -> None:
    encoded = encoded_photo(form)
    with pytest.raises(UnsupportedFormat, match=form):
        prepare(encoded, "squash/1", SQUASH)
    assert prepare(encoded, "squash/1", SQUASH, PhotoLimits(formats=(form,))).shape == SQUASH


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
def test_truncated_and_mutated_images_are_damaged(form: str) -> None:
    whole = encoded_photo(form, (300, 200))
    for length in (12, 30, len(whole) // 2, len(whole) - 200):
        with pytest.raises(DamagedPhoto, match=form):
            prepare(whole[:length], "squash/1", SQUASH)


def test_pixels_are_counted_before_decoding() -> None:
    with pytest.raises(TooManyPixels, match="300×200 = 60,000"):
        prepare(
            encoded_photo("PNG", (300, 200)), "squash/1", SQUASH, PhotoLimits(max_pixels=59_999)
        )
    bomb = bytearray(encode(Image.new("1", (8, 8))))
    bomb[16:24] = (60_000).to_bytes(4, "big") * 2
    bomb[29:33] = zlib.crc32(bomb[12:29]).to_bytes(4, "big")
    with pytest.raises(TooManyPixels):
        prepare(bytes(bomb), "squash/1", SQUASH)


def test_random_bytes_after_a_magic_never_escape_as_another_error() -> None:
    random = np.random.default_rng(0)
    starts = [b"\xff\xd8\xff\xe0", b"\x89PNG\r\n\x1a\n", b"RIFF\x20\0\0\0WEBPVP8 "]
    for number in range(300):
        noise = random.integers(0, 256, 200, np.uint8).tobytes()
        with pytest.raises(DamagedPhoto):
            prepare(starts[number % 3] + noise, "squash/1", SQUASH)


def test_the_caller_may_read_from_its_bytes_again() -> None:
    encoded = encoded_photo()
    prepare(encoded, "squash/1", SQUASH)
    assert Image.open(io.BytesIO(encoded)).size == (80, 60)
