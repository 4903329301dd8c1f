"""A file whose pixels are all there is classified, whatever else in it is damaged."""

import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from serving.photos import prepare
from serving.photos.errors import DamagedPhoto
from serving.photos.formats_and_limits import PhotoLimits
from tests.drawing import encode, photo
from tests.serving.photos.tiffs import tiff

SHAPE = (60, 80, 3)
SIZE = (640, 480)
RGB = 2  # photometric interpretation of a TIFF


def pixels(encoded: bytes) -> np.ndarray:
    return prepare(encoded, "squash/1", SHAPE)


def jpeg(mode: str = "RGB", size: tuple[int, int] = SIZE, **options: object) -> bytes:
    return encode(photo(size).convert(mode), "JPEG", **options)


JPEGS = {
    "baseline": jpeg(),
    "progressive": jpeg(progressive=True),
    "gray": jpeg("L"),
    "CMYK": jpeg("CMYK"),
    "reduced": jpeg(size=(1600, 1200)),
    "with restart markers": jpeg(restart_marker_blocks=3),
}


@pytest.mark.parametrize("missing", [1, 2])
@pytest.mark.parametrize("name", JPEGS)
def test_a_jpeg_may_lack_its_end_marker(name: str, missing: int) -> None:
    whole = JPEGS[name]
    np.testing.assert_array_equal(pixels(whole[:-missing]), pixels(whole))


@pytest.mark.parametrize("name", JPEGS)
def test_a_jpeg_cut_anywhere_else_is_damaged(name: str) -> None:
    whole = JPEGS[name]
    for share in (0.3, 0.5, 0.7, 0.9):
        with pytest.raises(DamagedPhoto):
            pixels(whole[: int(share * len(whole))])


@pytest.mark.parametrize("options", [{"quality": 95}, {"progressive": True}])
def test_a_jpeg_whose_end_was_never_written_is_damaged(options: dict[str, int]) -> None:
    noise = np.random.default_rng(0).normal(0, 8, (480, 640, 3))
    grainy = (np.asarray(photo(SIZE)) + noise).clip(0, 255).astype(np.uint8)
    whole = encode(Image.fromarray(grainy), "JPEG", **options)
    for zeros in (len(whole) // 3, len(whole)):
        with pytest.raises(DamagedPhoto, match="truncated"):
            pixels(whole[: 2 * len(whole) // 3] + bytes(zeros))
    np.testing.assert_array_equal(pixels(whole + bytes(4096)), pixels(whole))
    np.testing.assert_array_equal(pixels(whole[:-2] + bytes(4096)), pixels(whole))


def test_fill_bytes_and_junk_before_broken_metadata_do_not_matter() -> None:
    """A walk that took them for segments made millions of steps through the comments: 10 s."""
    whole = JPEGS["baseline"]
    steps = b"\0\0" + b"\xff\xe0\0\2" * 16_378 + b"\xff\xe0\0\x08"
    comment = b"\xff\xfe" + struct.pack(">H", 2 + len(steps)) + steps
    broken = b"\xff\xe2\0\x0eICC_PROFILE\0"
    for filler in (b"\xff", b"\xff\xff\xd0"):
        hostile = whole[:2] + broken + filler + comment + whole[2:]
        np.testing.assert_array_equal(pixels(hostile), pixels(whole))


def chunk(name: bytes, content: bytes, wrong: int = 0) -> bytes:
    checksum = struct.pack(">I", zlib.crc32(name + content) ^ wrong)
    return struct.pack(">I", len(content)) + name + content + checksum


ANCILLARY = {
    b"tEXt": b"Title\0x",
    b"zTXt": b"Title\0\0junk",
    b"iTXt": b"XML:com.adobe.xmp\0\0\0\0\0<x:xmp",
    b"eXIf": b"II*\0\xff\xff\xff\xff",
    b"iCCP": b"icc\0\0junk",
    b"gAMA": b"",
    b"cHRM": b"\0",
    b"pHYs": b"\0",
    b"sRGB": b"",
    b"tRNS": b"",
    b"acTL": b"",
    b"tIME": b"\0" * 7,
}


@pytest.mark.parametrize("wrong", [0, 1])
@pytest.mark.parametrize("name", ANCILLARY)
def test_ancillary_chunks_of_a_png_may_be_damaged(name: bytes, wrong: int) -> None:
    whole = encode(photo())
    damaged = chunk(name, ANCILLARY[name], wrong)
    wanted = pixels(whole)
    for place in (33, len(whole) - 12):  # after the header, after the pixels
        np.testing.assert_array_equal(pixels(whole[:place] + damaged + whole[place:]), wanted)


def test_the_animation_of_a_png_may_be_damaged() -> None:
    first, second = photo(), photo().rotate(180)
    whole = encode(first, save_all=True, append_images=[second])
    number = whole.index(b"fcTL") + 4
    frame = b"\0\0\0\x09" + whole[number + 4 : number + 26]
    for other in (whole, whole[: number - 8] + chunk(b"fcTL", frame) + whole[number + 30 :]):
        np.testing.assert_array_equal(pixels(other), pixels(encode(first)))


def test_the_header_of_a_png_may_not() -> None:
    whole = bytearray(encode(photo()))
    whole[29] ^= 1
    with pytest.raises(DamagedPhoto):
        pixels(bytes(whole))


def test_the_pixels_of_a_png_may_not() -> None:
    whole = encode(photo())
    at = whole.rindex(b"IEND") - 8  # The checksum of the last pixels.
    for start, end in ((at, at + 4), (at - 100, at)):
        with pytest.raises(DamagedPhoto):
            pixels(whole[:start] + bytes(end - start) + whole[end:])


def test_the_palette_of_a_png_may_not_be_missing() -> None:
    whole = encode(photo(mode="P"))
    start = whole.index(b"PLTE") - 4
    end = start + 12 + int.from_bytes(whole[start : start + 4], "big")
    with pytest.raises(DamagedPhoto, match="palette"):
        pixels(whole[:start] + whole[end:])


def test_the_end_of_a_png_may_be_missing_or_followed_by_anything() -> None:
    whole = encode(photo())
    for other in (whole[:-12], whole[:-5], whole + b"anything"):
        np.testing.assert_array_equal(pixels(other), pixels(whole))


@pytest.mark.parametrize("size", [0, -10, 10, 1_000_000])
def test_the_size_of_a_webp_may_be_wrong(size: int) -> None:
    whole = encode(photo(), "WEBP")
    declared = max(0, len(whole) - 8 + size) if size else 0
    wrong = whole[:4] + struct.pack("<I", declared) + whole[8:]
    np.testing.assert_array_equal(pixels(wrong), pixels(whole))


def test_metadata_of_a_webp_may_be_broken_or_cut_off() -> None:
    plain = pixels(encode(photo(), "WEBP"))
    whole = encode(photo(), "WEBP", exif=b"II*\0\xff\xff\xff\xff", icc_profile=b"x", xmp=b"<x")
    for other in (whole, whole[:-6], whole[:-14]):
        np.testing.assert_array_equal(pixels(other), plain)


def test_a_webp_cut_in_its_pixels_is_damaged() -> None:
    whole = encode(photo(SIZE), "WEBP")
    with pytest.raises(DamagedPhoto):
        pixels(whole[: len(whole) // 2])


@pytest.mark.filterwarnings("ignore:Corrupt EXIF", "ignore:Image appears to be a malformed MPO")
@pytest.mark.parametrize(
    ("marker", "content"),
    [
        (0xE0, b"JFIF\0"),
        (0xE1, b"Exif\0\0II*\0\xff\xff\xff\xff"),
        (0xE1, b"http://ns.adobe.com/xap/1.0/\0<x:xmp"),
        (0xE2, b"ICC_PROFILE\0"),
        (0xE2, b"ICC_PROFILE\0\1\1broken"),
        (0xE2, b"MPF\0II*\0\xff\xff\xff\xff"),
        (0xE2, b"MPF\0" + b"\xff" * 40),
        (0xED, b"Photoshop 3.0\0" + b"8BIM\4\4\0\0\0"),
        (0xEE, b"Adobe\0"),
        (0xFE, b"\xff" * 9),
    ],
)
def test_metadata_of_a_jpeg_may_be_broken(marker: int, content: bytes) -> None:
    whole = JPEGS["baseline"]
    segment = bytes((0xFF, marker)) + struct.pack(">H", 2 + len(content)) + content
    np.testing.assert_array_equal(pixels(whole[:2] + segment + whole[2:]), pixels(whole))


def test_the_first_of_several_images_in_a_jpeg_is_classified() -> None:
    several = encode(photo(), "MPO", save_all=True, append_images=[photo((90, 70)).rotate(90)])
    np.testing.assert_array_equal(pixels(several), pixels(encode(photo(), "JPEG")))


@pytest.mark.parametrize(
    ("whole", "other"),
    [
        ((278, 4, 1, 60), (278, 4, 1, 5)),  # 12 strips, of which there is one
        ((257, 4, 1, 60), (257, 4, 1, 600)),
        ((273, 4, 1, 8), (273, 4, 1, 0)),
        ((273, 4, 1, 8), (40_000, 4, 1, 8)),
    ],
    ids=["strips", "rows", "offset", "offsets"],
)
def test_a_tiff_without_some_of_its_strips_is_damaged(
    whole: tuple[int, ...], other: tuple[int, ...]
) -> None:
    encoded = tiff(np.asarray(photo()), RGB)
    entry, changed = (struct.pack("<HHII", *each) for each in (whole, other))
    assert encoded.count(entry) == 1
    limits = PhotoLimits(formats=("TIFF",))
    assert prepare(encoded, "squash/1", SHAPE, limits).shape == SHAPE
    with pytest.raises(DamagedPhoto, match="TIFF"):
        prepare(encoded.replace(entry, changed), "squash/1", SHAPE, limits)
