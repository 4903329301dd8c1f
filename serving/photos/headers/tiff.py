"""What decoding a TIFF will cost, read from its first directory (TIFF 6.0, section 2)."""

import math
import struct

from serving.photos.errors import DamagedPhoto, TooCostly, UnsupportedFormat
from serving.photos.limits import PhotoLimits

_WIDTH, _HEIGHT, _BITS, _COMPRESSION, _SAMPLES = 256, 257, 258, 259, 277
_TILE_WIDTH, _TILE_HEIGHT, _PROFILE = 322, 323, 34675
_UNITS = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4}
# None, LZW, Deflate (two numbers), PackBits: what they expand to is known from the size. Others
# hold whole files of other formats (JPEG, WebP, JBIG…), with limits of their own.
_COMPRESSIONS = {1, 5, 8, 32946, 32773}
_MAX_BITS_A_PIXEL = 64
_MAX_TILE_SIDE = 4096
_MAX_FILLED = 1.5  # of the most pixels, by tiles that reach over the edges


def inspect_tiff(encoded: bytes, limits: PhotoLimits) -> tuple[int, int]:
    """Check a TIFF against the limits and return its width and height.

    Raises:
        DamagedPhoto: its first directory can't be read.
        UnsupportedFormat: it is compressed in a way that is not accepted.
        TooCostly: its directory is too large, or its pixels or tiles are.
    """
    order = "<" if encoded[:2] == b"II" else ">"
    try:
        tags, length = _directory(encoded, order)
    except struct.error as error:
        raise DamagedPhoto(
            "The header of the TIFF image can't be read. Send a complete, intact file."
        ) from error
    if length > limits.max_exif_bytes:
        raise TooCostly(
            f"The TIFF's directory takes {length:,} bytes; at most {limits.max_exif_bytes:,} are"
            " accepted. Save it anew, with larger strips."
        )
    if tags.get(_COMPRESSION, 1) not in _COMPRESSIONS:
        raise UnsupportedFormat(
            f"The TIFF is compressed by method {tags[_COMPRESSION]}; accepted are none, LZW,"
            " Deflate and PackBits. Save it anew as one of these."
        )
    bits = tags.get(_BITS, 1) * tags.get(_SAMPLES, 1)
    if bits > _MAX_BITS_A_PIXEL:
        raise TooCostly(
            f"The TIFF has {bits} bits a pixel; at most {_MAX_BITS_A_PIXEL} are accepted."
        )
    size = tags.get(_WIDTH, 0), tags.get(_HEIGHT, 0)
    _check_tiles(size, (tags.get(_TILE_WIDTH, 0), tags.get(_TILE_HEIGHT, 0)), limits)
    return size


def _check_tiles(size: tuple[int, int], tile: tuple[int, int], limits: PhotoLimits) -> None:
    """Check tiles, of which the decoder fills each one as a whole, however narrow the photo is."""
    if max(tile) > _MAX_TILE_SIDE:
        raise TooCostly(
            f"The TIFF's tiles are too large; at most {_MAX_TILE_SIDE}×{_MAX_TILE_SIDE} pixels"
            " are accepted. Save it anew in strips."
        )
    filled = math.prod(
        -(-side // part) * part for side, part in zip(size, tile, strict=True) if part
    )
    if filled > _MAX_FILLED * limits.max_tiff_pixels:
        raise TooCostly(
            f"The TIFF's tiles have {filled:,} pixels, many more than the photo. Save it anew in"
            " strips."
        )


def _directory(encoded: bytes, order: str) -> tuple[dict[int, int], int]:
    """Return the largest number of each tag, and the bytes of all values but the profile's."""
    tags: dict[int, int] = {}
    size = 0
    (offset,) = struct.unpack_from(f"{order}L", encoded, 4)
    (entries,) = struct.unpack_from(f"{order}H", encoded, offset)
    for entry in range(entries):
        place = offset + 2 + 12 * entry
        tag, kind, count = struct.unpack_from(f"{order}HHL", encoded, place)
        length = count * _UNITS.get(kind, 1)
        if tag != _PROFILE:
            size += length
        if kind not in (3, 4) or count < 1:
            continue
        if length > 4:
            (place,) = struct.unpack_from(f"{order}L", encoded, place + 8)
            place -= 8
        number = f"{order}{min(count, 8)}{'H' if kind == 3 else 'L'}"
        if tag in tags:  # Decoders differ in which of them they take.
            raise struct.error("a tag occurs twice")
        tags[tag] = max(struct.unpack_from(number, encoded, place + 8))
    return tags, size
