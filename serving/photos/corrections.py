"""Corrections of files whose pixels are all there, so that Pillow decodes what browsers show."""

import io
import itertools
import re
import struct
import zlib
from collections.abc import Iterator

from PIL import Image, ImageChops, TiffImagePlugin
from PIL.JpegImagePlugin import JpegImageFile

from serving.photos.errors import DamagedPhoto, UnsupportedFormat
from serving.photos.headers import jpeg

EOI = b"\xff\xd9"  # end of image
_SCAN = re.compile(rb"\xff\xda")
_MAX_SCANS = 64
_SCAN_HEADER = 16  # bytes at most
# Never a marker; where coded data is missing, these bytes change the pixels.
NOISE = bytes((97 * number + 31) % 251 for number in range(256))
_SHORTEST = {  # bytes of ancillary chunks that Pillow does not do without (PNG, section 11.3)
    b"cHRM": 32,
    b"gAMA": 4,
    b"sRGB": 1,
    b"pHYs": 9,
    b"tRNS": 1,
}
_INDEXED = b"\3"  # the colour type
_ANIMATION = {b"acTL", b"fcTL", b"fdAT"}  # The first image is in other chunks.
_SECTOR = 512  # bytes
_EXIF = (0xE1, b"Exif\0\0", 6)
_NEEDED_SEGMENTS = ((0xE2, b"ICC_PROFILE\0", 15), (0xEE, b"Adobe", 12))
_SAMPLES = {1: "unsigned", 2: "signed", 3: "float"}  # TIFF 6.0, tag 339
_OF_8_BITS = {0: 1, 1: 1, 2: 3, 3: 1, 5: 4, 6: 3}  # samples by photometric interpretation
_WEBP_PIXELS = {b"VP8 ", b"VP8L", b"ANMF"}


def corrected(encoded: bytes, form: str) -> Iterator[bytes]:
    """Yield what may be opened instead of a file, until one of them can be.

    A PNG comes without its damaged ancillary chunks, a WebP with its true size, a JPEG first as it
    is, then without metadata that may be broken, then without EXIF data.
    """
    if form == "PNG":
        yield _without_damaged_chunks(encoded)
    elif form == "WEBP":
        yield _with_true_size(encoded)
    else:
        yield encoded
    if form == "JPEG":
        yield _with_segments(encoded, _EXIF, *_NEEDED_SEGMENTS)
        yield _with_segments(encoded, *_NEEDED_SEGMENTS)


def _with_segments(encoded: bytes, *kept: tuple[int, bytes, int]) -> bytes:
    """Return a JPEG with only these of its application segments: marker, start, least length."""
    parts, scans_at = [encoded[:2]], 2
    for code, start, end in jpeg.markers(encoded):
        payload = encoded[start + 4 : end]
        if code == jpeg.SOS:
            scans_at = start
        elif not 0xE0 <= code <= 0xEF or any(
            code == number and payload.startswith(begin) and len(payload) >= least
            for number, begin, least in kept
        ):
            parts.append(encoded[start:end])
    return b"".join([*parts, encoded[scans_at:]])


def _without_damaged_chunks(encoded: bytes) -> bytes:
    """Drop ancillary chunks that are too short or have a wrong checksum, and an animation.

    Raises:
        DamagedPhoto: the pixels have a wrong checksum, or lack their palette.
    """
    view, kept, start, position = memoryview(encoded), [], 0, 8
    lacks_palette = encoded[25:26] == _INDEXED
    while position + 8 <= len(encoded):
        length = int.from_bytes(encoded[position : position + 4], "big")
        kind, end = encoded[position + 4 : position + 8], position + 12 + length
        if kind == b"IEND":
            break
        checksum = int.from_bytes(encoded[end - 4 : end], "big")
        wrong = checksum != zlib.crc32(view[position + 4 : end - 4])
        needless = wrong or length < _SHORTEST.get(kind, 0) or kind in _ANIMATION
        if kind[0] & 0x20 and needless:
            kept.append(view[start:position])
            start = end
        elif kind == b"IDAT" and wrong and end <= len(encoded):  # Pillow does not check it.
            raise DamagedPhoto("The PNG has pixels with a wrong checksum. Send an intact file.")
        elif kind == b"IDAT" and lacks_palette:  # Pillow makes them black.
            raise DamagedPhoto("The PNG lacks the palette of its pixels. Send an intact file.")
        lacks_palette &= kind != b"PLTE"
        position = end
    return b"".join([*kept, view[start:]]) if kept else encoded


def _with_true_size(encoded: bytes) -> bytes:
    """Correct the size of the RIFF container if its chunks say otherwise, and the pixels' is whole.

    Chunks that are cut off after the pixels are dropped.
    """
    declared, position, pixels = int.from_bytes(encoded[4:8], "little") + 8, 12, False
    while position + 8 <= len(encoded) and position != declared:
        length = int.from_bytes(encoded[position + 4 : position + 8], "little")
        end = position + 8 + length + length % 2
        if end > len(encoded) + length % 2:
            break
        pixels |= encoded[position : position + 4] in _WEBP_PIXELS
        position = end
    if position == declared or not pixels:
        return encoded
    return b"RIFF" + struct.pack("<I", position - 8) + encoded[8:position]


def lacks_end(photo: JpegImageFile, encoded: bytes) -> bool:
    """Return whether an opened JPEG, without its last bytes, may still hold every pixel.

    Raises:
        DamagedPhoto: it lacks its end and whole scans.
    """
    scan = photo.fp.tell() if photo.fp else 0
    if encoded.rfind(EOI, scan) >= 0:
        return False
    if not _has_every_scan(encoded, max(0, scan - _SCAN_HEADER), photo.layers):
        raise truncated()
    return True


def without_padding(encoded: bytes) -> bytes:
    """Return a JPEG without the fill bytes, or zeros of whole disk sectors, that it ends with.

    Such zeros stand for what has not been written, and would be decoded as pixels.
    """
    unpadded = encoded.rstrip(b"\0")
    padded = len(encoded) - len(unpadded) >= _SECTOR
    return (unpadded if padded else encoded).rstrip(b"\xff")


def check_whole(photo: Image.Image, noisy: Image.Image) -> None:
    """Check that a JPEG to which `EOI` was added decodes as one with `NOISE` before that.

    It does if, and only if, no coded data is missing that matters at the size it is decoded at.

    Raises:
        DamagedPhoto: it does not.
    """
    photo.load()
    noisy.load()
    if ImageChops.difference(photo, noisy).getbbox(alpha_only=False):
        raise truncated()


def truncated() -> DamagedPhoto:
    """Return the error of a JPEG whose end is missing."""
    return DamagedPhoto("The JPEG is truncated: its end is missing. Send an intact file.")


def _has_every_scan(encoded: bytes, header: int, components: int) -> bool:
    """Return whether the scans of a JPEG hold every bit of every coefficient (T.81, annex G).

    Args:
        encoded: the file's bytes.
        header: a position before the first scan and after any other image in the file.
        components: how many it has.
    """
    complete = set()
    for found in itertools.islice(_SCAN.finditer(encoded, header), _MAX_SCANS):
        payload = encoded[found.end() + 2 : found.end() + 14]
        count = payload[0] if payload else 0
        names, rest = payload[1 : 1 + 2 * count : 2], payload[1 + 2 * count : 4 + 2 * count]
        if len(rest) == 3 and not rest[2] & 15:
            complete |= {(name, each) for name in names for each in range(rest[0], rest[1] + 1)}
    return len(complete) >= 64 * components


def correct_transparency(photo: Image.Image, encoded: bytes) -> None:
    """Give the transparent colour of a PNG in levels of 8 bits, as Pillow gives the pixels."""
    depth, clear = encoded[24], photo.info.get("transparency")
    if photo.mode == "L" and isinstance(clear, int) and depth in (2, 4):
        photo.info["transparency"] = clear * 255 // (2**depth - 1)
    elif photo.mode == "RGB" and isinstance(clear, tuple) and depth == 16:
        photo.info["transparency"] = tuple(level >> 8 for level in clear)


def check_pixels(encoded: bytes, form: str) -> None:
    """Say which kind of pixels a file has, if that may be why Pillow can't open it.

    Raises:
        UnsupportedFormat: it has pixels of some kind.
    """
    pixels = _unopened_pixels(encoded, form)
    if pixels:
        raise UnsupportedFormat(
            f"The {form} has pixels of {pixels}, which are not supported. Save it as gray or RGB"
            " with 8 bits."
        )


def _unopened_pixels(encoded: bytes, form: str) -> str | None:
    if form == "JPEG":
        frames = (start for code, start, _ in jpeg.markers(encoded) if 0xC0 <= code <= 0xC2)
        frame = encoded[(at := next(frames) + 4) : at + 6]
        if frame[0] == 8 and frame[5] in (1, 3, 4):
            return None
        return f"{frame[5]} × {frame[0]} bits"
    if form != "TIFF":
        return None
    try:
        file = io.BytesIO(encoded)
        tags = TiffImagePlugin.ImageFileDirectory_v2(file.read(8))
        file.seek(tags.next)
        tags.load(file)
        bits, sample = tags.get(258, (1,)), tags.get(339, (1,))[0]
        size, photometric = (tags[256], tags[257]), tags[262]
    except Exception:  # Pillow's reader raises anything on hostile bytes.
        return None
    if not all(isinstance(side, int) and side for side in size):
        return None
    if bits == (8,) * _OF_8_BITS.get(photometric, 0) and sample == 1:
        return None  # The fault is another one.
    kind = _SAMPLES.get(sample, "of another kind")
    return f"{len(bits)} × {bits[0]} bits ({kind}, photometric interpretation {photometric})"
