"""What people send instead of photos is called by its name."""

import base64
import json
from dataclasses import replace

import numpy as np
import pytest

from benchmarks.hostile_uploads.heics import HEIC
from serving.photos import prepare
from serving.photos.errors import BadPhoto, NotAnImage, UnsupportedFormat
from serving.photos.formats_and_limits import DEFAULT_LIMITS, KNOWN_FORMATS
from serving.photos.headers.inspection import image_format
from tests.drawing import encode, encoded_photo, photo
from tests.serving.photos.tiffs import tiff

LIMITS = replace(DEFAULT_LIMITS, formats=KNOWN_FORMATS)
PIXELS = np.zeros((8, 8), np.uint8)
BASE64 = base64.b64encode(encoded_photo())

IMAGES = {
    "JPEG XL": b"\xff\x0a\xfa\x1f\x01\x90",
    "JPEG XL image": b"\0\0\0\x0cJXL \r\n\x87\n\0\0\0\x14ftypjxl ",
    "JPEG 2000": encode(photo(), "JPEG2000"),
    "JPEG 2000 image": b"\xff\x4f\xff\x51\0\x2f",
    "ICO": encode(photo((32, 32)), "ICO"),
    "Photoshop": b"8BPS\0\1" + bytes(20),
    "BigTIFF": b"II+\0\x08\0\0\0",
    "SVG": b'<?xml version="1.0"?>\n<!-- made by hand -->\n<svg xmlns="http://www.w3.org/2000/svg"/>',
    "SVG drawing": b'\xef\xbb\xbf <svg width="9"/>',
    "raw.*CR2": b"II*\0\x10\0\0\0CR\2\0" + bytes(30),
    "raw.*CR3": b"\0\0\0\x18ftypcrx \0\0\0\1",
    "raw.*RAF": b"FUJIFILMCCD-RAW 0201",
    "raw.*ORF": b"IIRO\x08\0\0\0",
    "raw.*RW2": b"IIU\0\x18\0\0\0",
    "raw.*DNG": tiff(PIXELS, 1, more=((50706, 4, [1]),)),
    "raw.*NEF, ARW": tiff(PIXELS, 1, order=">", more=((254, 4, [1]), (330, 4, [8]))),
}
OTHERS = {
    "video": b"\0\0\0\x20ftypisom\0\0\2\0",
    "video.*frame": b"\0\0\0\x14ftypqt  \0\0\2\0",
    "PDF": b"%PDF-1.7\n",
    "ZIP": b"PK\3\4\x14\0",
    "gzip": b"\x1f\x8b\x08\0",
    "HTML": b"\n<!DOCTYPE html><html>",
    "JSON": json.dumps({"images": []}).encode(),
    "in base64": BASE64,
    "data: URL": b"data:image/jpeg;base64," + BASE64,
    "JPEG behind 3 bytes": b"\r\n\n" + encoded_photo(),
}


@pytest.mark.parametrize("name", IMAGES)
def test_images_of_other_formats(name: str) -> None:
    with pytest.raises(UnsupportedFormat, match=name.partition(".*")[0]) as refused:
        prepare(IMAGES[name], "squash/1", (8, 8, 3), LIMITS)
    assert "accepted formats: JPEG" in refused.value.detail


@pytest.mark.parametrize("name", OTHERS)
def test_files_that_are_no_images(name: str) -> None:
    with pytest.raises(NotAnImage, match=name):
        prepare(OTHERS[name], "squash/1", (8, 8, 3), LIMITS)


@pytest.mark.parametrize("brand", [b"mif1", b"msf1"])
@pytest.mark.parametrize("coding", ["AVIF", "HEIC"])
def test_a_container_of_any_coding_is_named_by_its_compatible_brands(
    brand: bytes, coding: str
) -> None:
    """Some encoders write the container's brand first."""
    encoded = encoded_photo("AVIF") if coding == "AVIF" else HEIC["plain"]
    assert image_format(encoded) == coding
    assert image_format(encoded[:8] + brand + encoded[12:]) == coding


def test_an_ordinary_tiff_is_no_raw_file() -> None:
    encoded = tiff(PIXELS, 1, more=((330, 4, [8]),))
    assert prepare(encoded, "squash/1", (8, 8, 3), LIMITS).shape == (8, 8, 3)


@pytest.mark.parametrize(
    ("encoded", "shown"),
    [
        (b"hello, world", '"hello, w"'),
        (b"hello\n", '"hello"'),
        (b"\r\n\r\n", "0d 0a 0d 0a"),
        (b"\0\1\xfe", "00 01 fe"),
        ("été".encode(), "c3 a9 74"),
    ],
)
def test_the_bytes_of_other_files_are_shown_readably(encoded: bytes, shown: str) -> None:
    with pytest.raises(BadPhoto) as refused:
        prepare(encoded, "squash/1", (8, 8, 3))
    assert f"begin with {shown}" in refused.value.detail
    assert "b'" not in refused.value.detail
