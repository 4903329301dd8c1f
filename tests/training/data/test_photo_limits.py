"""Photos that phones make are trained on, however large; decompression bombs are not decoded."""

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from serving.photos import prepare
from serving.photos.errors import BadPhoto, TooManyPixels
from serving.photos.formats_and_limits import DEFAULT_FORMATS, KNOWN_FORMATS
from tests.drawing import encode, encoded_photo, photo
from tests.training.backbones import write_photos
from tests.training.data.loaders.test_image_folders import load
from training.data import prepared_photos
from training.data.photo_limits import TRAINING_LIMITS, prepare_photo

SHAPE = (32, 32, 3)


def flat(size: tuple[int, int]) -> Image.Image:
    return Image.new("L", size, 90)


@pytest.mark.parametrize(
    ("form", "size", "options"),
    [
        ("JPEG", (16_320, 12_240), {}),
        ("JPEG", (8_192, 6_144), {"progressive": True}),
        ("PNG", (8_192, 6_144), {"compress_level": 1}),
        ("TIFF", (8_192, 6_144), {"compression": "tiff_lzw"}),
        ("WEBP", (4_032, 3_024), {"method": 0}),
    ],
)
def test_photos_of_phones_are_prepared(
    form: str, size: tuple[int, int], options: dict[str, object]
) -> None:
    pixels = prepare_photo(encode(flat(size), form, **options), "squash/1", SHAPE)

    assert pixels.shape == SHAPE
    assert np.abs(pixels.astype(int) - 90).max() <= 1


@pytest.mark.parametrize("form", DEFAULT_FORMATS)
def test_photos_within_the_limits_of_the_gateway_have_its_pixels(form: str) -> None:
    encoded = encoded_photo(form, (300, 200))

    expected = prepare(encoded, "squash/1", SHAPE)
    assert np.array_equal(prepare_photo(encoded, "squash/1", SHAPE), expected)


def png_of(width: int, height: int) -> bytes:
    """Return a PNG that declares a size, with hardly any pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        checksum = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + checksum

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    content = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(9))) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + content


def test_decompression_bombs_are_refused_undecoded() -> None:
    with pytest.raises(TooManyPixels, match="at most 100,000,000 are accepted in PNG"):
        prepare_photo(png_of(30_000, 30_000), "squash/1", SHAPE)
    with pytest.raises(BadPhoto):
        prepare_photo(encode(flat((70_000, 1)), "TIFF"), "squash/1", SHAPE)


@pytest.mark.parametrize("form", sorted(set(KNOWN_FORMATS) - {"AVIF", "HEIC"}))
def test_all_formats_that_the_gateway_can_accept_are_trained_on(form: str, tmp_path: Path) -> None:
    for first, label in enumerate(("a", "b")):
        (tmp_path / "photos" / label).mkdir(parents=True)
        for number in range(5):
            encoded = encode(photo((40 + number, 30 + first)), form)
            (tmp_path / "photos" / label / f"{number}.img").write_bytes(encoded)

    data = load(tmp_path / "photos")

    assert sum(map(len, data.splits)) == 10
    assert data.damaged == ()
    expected = (
        () if form in DEFAULT_FORMATS else (f"10 of 10 photos are {form}, which the gateway",)
    )
    assert [note.partition(" refuses")[0] for note in data.notes] == list(expected)


@pytest.mark.parametrize(("bitmaps", "notes"), [(1, 0), (2, 1)])
def test_a_few_photos_of_other_formats_are_not_worth_a_line(
    tmp_path: Path, bitmaps: int, notes: int
) -> None:
    folder = write_photos(tmp_path / "photos", {"a": 9, "b": 10 - bitmaps})
    for number in range(bitmaps):
        (folder / "b" / f"{number}.bmp").write_bytes(encode(photo((40 + number, 30)), "BMP"))

    data = load(folder)

    assert len(data.notes) == notes
    if notes:
        assert data.notes[0].endswith("start it with PHOTOLABEL_FORMATS=JPEG,PNG,WEBP,BMP")


def test_the_limits_are_part_of_what_is_cached(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write_photos(tmp_path / "photos", {"a": 5, "b": 5})
    before = load(folder)
    monkeypatch.setattr(prepared_photos, "TRAINING_LIMITS", TRAINING_LIMITS.formats)

    after = load(folder)

    assert before.store is not None
    assert after.store is not None
    assert before.store.digest != after.store.digest
    assert before.digest == after.digest
