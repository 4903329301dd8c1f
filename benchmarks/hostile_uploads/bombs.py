"""Photos made to cost a server much: one for each kind of bomb."""

import functools
import io
import random
import struct
import zlib
from collections.abc import Callable

import numpy as np
from PIL import Image

from benchmarks.hostile_uploads import avifs, bmps, gifs, heics, jpegs, pngs, profiles, tiffs


def seed_photo(form: str, size: tuple[int, int] = (320, 240)) -> bytes:
    """Return an ordinary photo of noise and gradients (a HEIC: stored), as a file's bytes."""
    if form == "HEIC":
        return heics.HEIC["plain"]
    x, y = np.meshgrid(np.linspace(0, 255, size[0]), np.linspace(0, 255, size[1]))
    noise = np.random.default_rng(0).normal(0, 8, (*x.shape, 3))
    pixels = np.stack([x, y, 255 - x], -1) + noise
    file = io.BytesIO()
    options = {"progressive": True} if form == "PROGRESSIVE" else {}
    image = Image.fromarray(pixels.clip(0, 255).astype(np.uint8))
    image.save(file, "JPEG" if form == "PROGRESSIVE" else form, **options)
    return file.getvalue()


def _exif_directory(entries: int, size: int) -> bytes:
    """Return EXIF data each of whose entries refers to all of it."""
    values = b"".join(struct.pack("<HHLL", 0x8000 + i, 7, size - 8, 8) for i in range(entries))
    directory = b"II*\0" + struct.pack("<LH", 8, entries) + values + bytes(4)
    return directory.ljust(size, b"\0")


def _webp_header(size: tuple[int, int]) -> bytes:
    whole = seed_photo("WEBP")
    canvas = b"".join((side - 1).to_bytes(3, "little") for side in size)
    body = b"WEBPVP8X" + struct.pack("<I", 10) + bytes(4) + canvas + whole[12:]
    return b"RIFF" + struct.pack("<I", len(body)) + body


def _webp_lossless(size: tuple[int, int]) -> bytes:
    file = io.BytesIO()
    noise = np.random.default_rng(0).integers(0, 256, (size[1] // 8, size[0] // 8, 4), np.uint8)
    Image.fromarray(noise.repeat(8, 0).repeat(8, 1)).save(
        file, "WEBP", lossless=True, quality=0, method=0
    )
    return file.getvalue()


def _webp_animated(size: tuple[int, int]) -> bytes:
    file = io.BytesIO()
    first, second = (Image.new("RGBA", size, (level, 0, 0, level)) for level in (10, 20))
    first.save(file, "WEBP", save_all=True, append_images=[second], lossless=True, method=0)
    return file.getvalue()


def _after_marker(data: bytes) -> bytes:
    return b"\xff\xd8" + data + seed_photo("JPEG")[2:]


BOMBS: dict[str, Callable[[], bytes]] = {
    "JPEG of 10,000 scans": lambda: jpegs.many_scans((5000, 5000), 10_000),
    "JPEG of 60 scans": lambda: jpegs.many_scans((3500, 3500), 60, 4),
    "JPEG of 65,535 squared": lambda: jpegs.many_scans((65_500, 65_500), 1)[:50_000],
    "progressive JPEG of 62 megapixels": lambda: jpegs.many_scans((7900, 7900), 5, 3),
    "progressive JPEG of 50 megapixels, 60 scans": lambda: jpegs.many_scans((7100, 7100), 60, 3),
    "dense JPEG, too narrow to be reduced": lambda: jpegs.dense((520, 30_000), ((1, 1),) * 3),
    "arithmetically coded JPEG": lambda: jpegs.jpeg(
        (5000, 5000), jpegs.segment(0xDA, b"\1\1\0\0\x3f\0"), frame=0xC9
    ),
    "JPEG of 400,000 empty segments": lambda: _after_marker(jpegs.segment(0xFE) * 400_000),
    "JPEG with 4 MB of fill bytes": lambda: _after_marker(b"\xff" * 4_000_000),
    "JPEG with 4 MB of junk": lambda: _after_marker(jpegs.segment(0xFE) + b"\0" * 4_000_000),
    "JPEG of 300,000 quantization tables": lambda: _after_marker(
        jpegs.segment(0xDB, (b"\0" + b"\1" * 64) * 1000) * 290
    ),
    "JPEG of 1,500,000 Photoshop resources": lambda: _after_marker(
        jpegs.segment(0xED, b"Photoshop 3.0\0" + b"8BIM\0\1\0\0\0\0\0\0" * 5400) * 290
    ),
    "JPEG with an index of 5,000 pictures": lambda: _after_marker(
        jpegs.segment(0xE2, b"MPF\0" + _exif_directory(5000, 65_000))
    ),
    "JPEG that restarts at each block": lambda: jpegs.restarting((6900, 7000)),
    "JPEG with EXIF data in 100,000 parts": lambda: _after_marker(
        jpegs.exif_segments(bytes(500_000), room=5)
    ),
    "JPEG with 5 MB of EXIF data": lambda: _after_marker(jpegs.exif_segments(bytes(5_000_000))),
    "JPEG with an EXIF directory of itself": lambda: _after_marker(
        jpegs.exif_segments(_exif_directory(5000, 65_000))
    ),
    "JPEG with a profile of 6 MB": lambda: _after_marker(jpegs.profile_segments(bytes(6_000_000))),
    "JPEG with a profile that declares 500 MB": lambda: jpegs.dense(
        (590, 20_000), ((1, 1),) * 4, jpegs.profile_segments(profiles.declaring_profile(95))
    ),
    "JPEG with a profile grid that declares 500 MB": lambda: jpegs.dense(
        (64, 64), ((1, 1),) * 4, jpegs.profile_segments(profiles.declaring_grid(95))
    ),
    "JPEG with a slow profile": lambda: jpegs.dense(
        (590, 20_000),
        ((1, 1),) * 4,
        jpegs.profile_segments(profiles.table_profile("CMYK", 20)),
    ),
    "PNG with a profile of 100,000 elements": lambda: pngs.png(
        (64, 64), before=pngs.profile_chunk(profiles.element_profile(100_000))
    ),
    "PNG with a slow profile": lambda: pngs.png(
        (3900, 4000),
        interlaced=True,
        before=pngs.profile_chunk(profiles.table_profile("RGB", 33)),
    ),
    "PNG with a profile of 100 MB": lambda: pngs.png(
        (64, 64), before=pngs.profile_chunk(bytes(100_000_000))
    ),
    "PNG with texts of 64 MB": lambda: pngs.png((64, 64), before=pngs.text_bomb(64)),
    "PNG with texts of 64 MB at its end": lambda: pngs.png((64, 64), after=pngs.text_bomb(64)),
    "PNG with 15,000 texts of wrong checksums": lambda: pngs.png(
        (64, 64), before=pngs.broken_text() * 15_000
    ),
    "PNG with 100 MB after its pixels": lambda: pngs.png(
        (64, 64), pixels=zlib.compress(bytes(100_000_000), 9)
    ),
    "PNG, animated, of 9,000 frames": lambda: pngs.png((64, 64), after=pngs.frames(9_000)),
    "PNG of 300,000 chunks": lambda: pngs.png((64, 64), before=pngs.chunk(b"abCd") * 300_000),
    "PNG of 300,000 pixel chunks": lambda: pngs.png((64, 64), before=pngs.chunk(b"IDAT") * 300_000),
    "PNG with EXIF data of 5 MB at its end": lambda: pngs.png(
        (64, 64), after=pngs.chunk(b"eXIf", _exif_directory(30_000, 5_000_000))
    ),
    "PNG of 2 billion squared": lambda: pngs.png((2**31 - 1, 2**31 - 1), pixels=b""),
    "PNG of one column": lambda: pngs.png((1, 100_000)),
    "PNG, 16 bits, transparent, interlaced": lambda: pngs.png(
        (2400, 2450), depth=16, color=6, interlaced=True
    ),
    "PNG of 26 megapixels": lambda: pngs.png((5100, 5100), color=0),
    "WebP of 16,383 squared": lambda: _webp_header((16_383, 16_383)),
    "WebP of 300,000 chunks": lambda: seed_photo("WEBP") + b"JUNK\0\0\0\0" * 300_000,
    "WebP, lossless and transparent": lambda: _webp_lossless((3160, 3160)),
    "WebP of 24 megapixels, lossless and transparent": lambda: _webp_lossless((5712, 4280)),
    "WebP of 24 megapixels, animated": lambda: _webp_animated((5712, 4284)),
    "WebP, animated": lambda: _webp_animated((3160, 3160)),
    "TIFF whose tiles are larger than it": lambda: tiffs.tiles((30_000, 400), (4096, 4096)),
    "TIFF of one tile": lambda: tiffs.tiles((4000, 3000), (4096, 4096)),
    "TIFF of 16 bits, many tiles": lambda: tiffs.tiles((3460, 3460), (256, 256)),
    "GIF of 9 million comment blocks": lambda: gifs.commented(bytes(9_000_000)),
    "GIF of 16 megapixels": lambda: seed_photo("GIF", (4000, 4000)),
    "BMP of 9 million empty lines": lambda: bmps.run_lengths((4000, 4000), bytes(18_000_000)),
    "BMP of 16 megapixels, run lengths": lambda: bmps.run_lengths(
        (4000, 4000), (b"\xfa\1" * 16 + b"\0\0") * 4000
    ),
    "AVIF of noise": lambda: avifs.noisy((4000, 3000)),
    "HEIC that declares 24 megapixels": lambda: heics.lying((5712, 4284)),
    "AVIF larger than its container declares": lambda: avifs.lying((9000, 9000), (100, 80)),
}


@functools.cache
def bomb(name: str) -> bytes:
    """Return a bomb of `BOMBS`, which is made once."""
    return BOMBS[name]()


_SEEDS = ("JPEG", "PROGRESSIVE", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF", "HEIC")


def mutated(generator: random.Random) -> bytes:
    """Return an ordinary photo with bits flipped, bytes set, removed or repeated, or truncated."""
    data = bytearray(_seed(generator.choice(_SEEDS), generator.choice([(320, 240), (28, 28)])))
    for _ in range(generator.choice([1, 1, 3, 20])):
        if not data:
            break
        # Headers matter most: half of the mutations hit the first bytes.
        at = generator.randrange(min(len(data), generator.choice([200, len(data)])))
        kind = generator.randrange(5)
        if kind == 0:
            data[at] ^= 1 << generator.randrange(8)
        elif kind == 1:
            data[at : at + 4] = generator.choice([b"\0\0\0\0", b"\xff\xff\xff\xff", b"\x7f\xff"])
        elif kind == 2:
            del data[at : at + generator.randrange(1, 100)]
        elif kind == 3:
            data[at:at] = data[at : at + generator.randrange(1, 300)] * generator.randrange(1, 5)
        else:
            del data[at:]
    return bytes(data)


@functools.cache
def _seed(form: str, size: tuple[int, int]) -> bytes:
    return seed_photo(form, size)
