"""What parsing a colour profile will cost, read from its tags (ICC.1:2022, sections 7 and 10).

LittleCMS allocates a table before it reads it, however short the profile is: a profile of 200 bytes
may ask for 500 MB.
"""

import math
import struct
from collections.abc import Iterator

from serving.photos.errors import TooCostly

_TAGS_AT = 128
_MAX_TAGS = 100  # where LittleCMS gives up
_TAG = struct.Struct(">4sII")
_TABLES = {b"mft1", b"mft2"}  # with the same number of points for all channels
_GRIDS = {b"mAB ", b"mBA "}  # with a number of points for each channel


def inspect_profile(profile: bytes) -> None:
    """Check what a profile will cost to parse and to apply.

    Raises:
        TooCostly: it has multi-process elements, or its tables are larger than the profile itself.
    """
    if b"mpet" in profile:
        # Thousands of such elements may be chained, and each colour goes through all of them.
        raise TooCostly(
            "The photo has a colour profile with multi-process elements, which are not accepted."
            " Convert it to sRGB."
        )
    for entries in _table_entries(profile):
        if entries > len(profile):
            raise TooCostly(
                f"The photo has a colour profile of {len(profile):,} bytes that declares a table"
                f" of {entries:,} entries. Convert it to sRGB, or send it without a profile."
            )


def _table_entries(profile: bytes) -> Iterator[int]:
    """Yield the number of entries of each table, which take a byte or two each."""
    (tags,) = struct.unpack(">I", profile[_TAGS_AT : _TAGS_AT + 4].rjust(4, b"\0"))
    start = _TAGS_AT + 4
    directory = profile[start : start + min(tags, _MAX_TAGS) * _TAG.size]
    directory = directory[: len(directory) // _TAG.size * _TAG.size]
    for _, offset, _ in _TAG.iter_unpack(directory):
        kind, head = profile[offset : offset + 4], profile[offset + 8 : offset + 28]
        if len(head) < 20:
            continue
        channels, outputs = head[0], head[1]
        if kind in _TABLES:
            yield outputs * head[2] ** channels
        elif kind in _GRIDS:
            (grid,) = struct.unpack_from(">I", head, 16)
            points = profile[offset + grid : offset + grid + min(channels, 16)]
            yield outputs * math.prod(points) if grid else 0
