"""GIF, BMP and TIFF bombs cost the sandbox, within its bounds, and nobody else."""

import struct
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import psutil
import pytest
from PIL import Image

from benchmarks.hostile_uploads import bmps, gifs, tiffs
from serving.deadline import Deadline
from serving.photos import Shape, prepare
from serving.photos.errors import (
    BadPhoto,
    DamagedPhoto,
    TooCostly,
    TooManyPixels,
    UnsupportedFormat,
)
from serving.photos.formats_and_limits import PhotoLimits
from serving.photos.worker_or_sandbox import PhotoPreparer
from tests.drawing import encode, encoded_photo, photo

SHAPE: Shape = (150, 150, 3)
LIMITS = PhotoLimits(formats=("GIF", "BMP", "TIFF"))
SLOW: dict[str, Callable[[], bytes]] = {
    "GIF of a million comment blocks": lambda: gifs.commented(bytes(1_000_000)),
    "BMP of 4 million empty lines": lambda: bmps.run_lengths((2000, 2000), bytes(8_000_000)),
    "TIFF whose tiles are much larger": lambda: tiffs.tiles((30_000, 400), (4096, 4096)),
}

Ask = Callable[..., np.ndarray]


@pytest.fixture
def ask() -> Iterator[Ask]:
    """Return what prepares a photo within limits given by name, in one sandbox for each limit."""
    preparers: dict[str, PhotoPreparer] = {}

    def prepared(encoded: bytes, **limits: float) -> np.ndarray:
        changed: dict[str, Any] = {**limits}
        key = str(limits)
        preparers[key] = preparers.get(key) or PhotoPreparer(replace(LIMITS, **changed))
        return preparers[key].prepare(encoded, "squash/1", SHAPE, Deadline(60))

    yield prepared
    for preparer in preparers.values():
        preparer.close()


@pytest.mark.parametrize("form", LIMITS.formats)
def test_the_pixels_are_those_of_the_one_preprocessing(form: str, ask: Ask) -> None:
    encoded = encoded_photo(form, (210, 160))
    np.testing.assert_array_equal(ask(encoded), prepare(encoded, "squash/1", SHAPE, LIMITS))
    names = [each.cmdline()[2] for each in psutil.Process().children()]
    assert names.count("serving.photos.sandbox") == 1


@pytest.mark.parametrize("form", LIMITS.formats)
def test_files_that_are_cut_off_are_damaged(form: str, ask: Ask) -> None:
    whole = encoded_photo(form, (300, 200))
    for length in (12, 30, len(whole) // 2):
        with pytest.raises(DamagedPhoto, match=form):
            ask(whole[:length])
    assert ask(whole).shape == SHAPE


@pytest.mark.parametrize("form", LIMITS.formats)
def test_pixels_are_counted_before_decoding(form: str, ask: Ask) -> None:
    limit = "max_tiff_pixels" if form == "TIFF" else "max_decoded_pixels"
    encoded = encoded_photo(form)
    with pytest.raises(TooManyPixels, match=f"80×60 = 4,800 pixels; at most 4,799.*in {form}"):
        ask(encoded, **{limit: 4799})
    assert ask(encoded, **{limit: 4800}).shape == SHAPE
    with pytest.raises(TooManyPixels, match="no side may be longer than 79"):
        ask(encoded, max_side=79)


def test_a_small_file_may_not_declare_a_huge_picture(ask: Ask) -> None:
    gif = bytearray(encode(Image.new("L", (20, 20)), "GIF"))
    gif[6:10] = b"\xff" * 4
    bmp = bytearray(encode(Image.new("L", (20, 20)), "BMP"))
    bmp[18:26] = struct.pack("<ii", 60_000, -60_000)
    for encoded in (gif, bmp, tiffs.tiles((60_000, 60_000), (4096, 4096))):
        with pytest.raises(TooManyPixels):
            ask(bytes(encoded))


@pytest.mark.parametrize("name", SLOW)
def test_what_takes_too_long_is_refused_and_the_next_photo_is_not(name: str, ask: Ask) -> None:
    ordinary = encoded_photo(name.split()[0])
    with pytest.raises(TooCostly, match=r"more than 0\.1 s of processor time"):
        ask(SLOW[name](), max_helper_seconds=0.1)
    assert ask(ordinary, max_helper_seconds=0.1).shape == SHAPE


@pytest.mark.parametrize("form", LIMITS.formats)
def test_what_takes_too_much_memory_is_refused_and_the_next_photo_is_not(
    form: str, ask: Ask
) -> None:
    large = {
        "GIF": lambda: encode(Image.new("L", (2000, 2000)), "GIF"),
        "BMP": lambda: bmps.run_lengths((2000, 2000), (b"\xfa\1" * 8 + b"\0\0") * 2000),
        "TIFF": lambda: encode(Image.new("L", (2000, 2000)), "TIFF", compression="tiff_lzw"),
    }[form]()
    assert ask(large).shape == SHAPE
    with pytest.raises(TooCostly, match="too much memory"):
        ask(large, max_helper_bytes=7_000_000)
    assert ask(encoded_photo(form), max_helper_bytes=7_000_000).shape == SHAPE


def test_ordinary_run_lengths_and_comments_are_accepted(ask: Ask) -> None:
    bmp = bmps.run_lengths((100, 100), b"\x64\1\0\0" * 100 + b"\0\1")
    assert ask(bmp).shape == SHAPE
    assert ask(gifs.commented(b"taken in spring")).shape == SHAPE


@pytest.mark.parametrize("compression", ["jpeg", "group4"])
def test_tiffs_that_hold_other_formats_are_refused(compression: str, ask: Ask) -> None:
    mode = "1" if compression == "group4" else "RGB"
    with pytest.raises(UnsupportedFormat, match=f"compressed as {compression}"):
        ask(encode(photo(mode=mode), "TIFF", compression=compression))


@pytest.mark.parametrize("compression", ["raw", "packbits", "tiff_lzw", "tiff_adobe_deflate"])
def test_tiffs_of_all_usual_compressions_are_accepted(compression: str, ask: Ask) -> None:
    encoded = encode(photo(), "TIFF", compression=compression)
    np.testing.assert_array_equal(ask(encoded), prepare(encode(photo()), "squash/1", SHAPE))


@pytest.mark.parametrize(
    ("tag", "count", "value"),
    [(322, 1, 100_000), (33000, 2_000_000, 0), (277, 1, 1000)],
    ids=["tiles", "directory", "samples"],
)
def test_tiffs_with_huge_tiles_pixels_or_directories_are_refused(
    tag: int, count: int, value: int, ask: Ask
) -> None:
    entries = [(256, 4, 1, 20), (257, 4, 1, 20), (tag, 4, count, value)]
    directory = b"".join(struct.pack("<HHLL", *entry) for entry in entries)
    with pytest.raises(BadPhoto):
        ask(b"II*\0" + struct.pack("<LH", 8, len(entries)) + directory + bytes(4))


@pytest.mark.parametrize(("size", "tile"), [((400, 2000), (2048, 2048)), ((16, 3000), (4096, 16))])
def test_tiffs_whose_tiles_are_larger_cost_no_more_than_the_bounds(
    size: tuple[int, int], tile: tuple[int, int], ask: Ask
) -> None:
    with pytest.raises(TooCostly):
        ask(tiffs.tiles(size, tile), max_helper_seconds=0.01)
    assert ask(tiffs.tiles(size, (256, 256))).shape == SHAPE


def test_one_huge_tile_is_bounded_by_the_memory(ask: Ask) -> None:
    with pytest.raises(BadPhoto):
        ask(tiffs.tiles((16, 16), (8000, 8000)))
