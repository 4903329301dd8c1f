"""What of a TIFF Pillow does not check, read from its tags (TIFF 6.0)."""

import math

from PIL import ImagePalette
from PIL.TiffImagePlugin import TiffImageFile

from serving.photos.errors import DamagedPhoto, UnsupportedFormat

# Other methods hold whole files of other formats (JPEG, WebP, JBIG…) or are obsolete.
_COMPRESSIONS = {"raw", "packbits", "tiff_lzw", "tiff_deflate", "tiff_adobe_deflate"}
_STRIP_OFFSETS, _SAMPLES, _ROWS_PER_STRIP, _PLANAR = 273, 277, 278, 284
_COLOR_MAP = 320
_TILE_WIDTH, _TILE_HEIGHT, _TILE_OFFSETS = 322, 323, 324
_HEADER = 8  # bytes


def check(image: TiffImageFile) -> None:
    """Check an opened TIFF before it is decoded.

    Raises:
        UnsupportedFormat: it is compressed in a way that is not accepted.
        DamagedPhoto: it lacks strips or tiles, which would come out black.
    """
    if image.info["compression"] not in _COMPRESSIONS:
        raise UnsupportedFormat(
            f"The TIFF is compressed as {image.info['compression']}; accepted are no compression,"
            " LZW, Deflate and PackBits. Re-save it as one of these."
        )
    tags = image.tag_v2
    # As it is stored: Pillow swaps width and height where the orientation says so.
    width, height = tags[256], tags[257]
    if _TILE_OFFSETS in tags:
        offsets, across, down = tags[_TILE_OFFSETS], tags[_TILE_WIDTH], tags[_TILE_HEIGHT]
    else:
        offsets, across = tags[_STRIP_OFFSETS], width
        down = tags.get(_ROWS_PER_STRIP, height)
    planes = tags.get(_SAMPLES, 1) if tags.get(_PLANAR) == 2 else 1
    pieces = math.ceil(width / across) * math.ceil(height / down) * planes
    if len(offsets) < pieces or min(offsets[:pieces]) < _HEADER:
        raise DamagedPhoto(
            f"The TIFF lacks some of its {pieces:,} strips or tiles. Send an intact file."
        )


def correct_palette(image: TiffImageFile) -> None:
    """Give the colours of a palette as they are meant: some programs write 8 bits, not 16.

    libtiff's tools take them for that, too, if none is above 255; Pillow makes them black.
    """
    colours = image.tag_v2.get(_COLOR_MAP, ())
    if image.mode == "P" and colours and max(colours) < 256:
        image.palette = ImagePalette.raw("RGB;L", bytes(colours))
