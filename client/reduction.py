"""A JPEG reduced as the server reduces it.

The server decodes a large JPEG at 1/2, 1/4 or 1/8 of its size (DCT scaling). Here the same is done
before sending, and the decoded pixels are sent as a PNG file: the model gets the same pixels, bit
for bit, from about a tenth of the bytes.
"""

import io
from dataclasses import dataclass

from .results import Model

_ORIENTATION_TAG = 0x0112


@dataclass(frozen=True)
class Reduction:
    """How far a JPEG is reduced.

    Attributes:
        edge: pixels that remain at least.
        longest_edge_only: whether only the longer side keeps that many, or both do.
        gray: whether a photo without a colour profile is decoded as gray.
    """

    edge: int
    longest_edge_only: bool = False
    gray: bool = False


PREPARATIONS = {
    "garment/1": (2, False, False),
    "garment/2": (3, True, True),
    "squash/1": (2, False, False),
}
"""How the server's preparations reduce a JPEG: how many times the model's larger side remains,
whether of the longer side only, and whether gray models get it in colour. A published preparation
never changes."""


def reduction_for(model: Model) -> Reduction | None:
    """Return the reduction that keeps the pixels of a model's input; None if it isn't known."""
    if model.input_shape is None or model.preparation not in PREPARATIONS:
        return None
    height, width, channels = model.input_shape
    margin, longest_edge_only, needs_colour = PREPARATIONS[model.preparation]
    gray = channels == 1 and not needs_colour
    return Reduction(margin * max(height, width), longest_edge_only, gray)


def reduced(content: bytes, reduction: Reduction) -> bytes:
    """Return a JPEG decoded at a reduced size, as a PNG file with its orientation and profile.

    If it can't be reduced, is damaged, or the PNG file is not smaller, return it unchanged.
    """
    from PIL import Image

    try:
        image = Image.open(io.BytesIO(content), formats=["JPEG"])
        width = height = reduction.edge
        if reduction.longest_edge_only:
            width, height = (-(-side * reduction.edge // max(image.size)) for side in image.size)
        if image.width < 2 * width or image.height < 2 * height:
            return content
        gray = reduction.gray and "icc_profile" not in image.info
        image.draft("L" if gray else None, (width, height))
        orientation = image.getexif().get(_ORIENTATION_TAG)
        exif = Image.Exif()
        exif[_ORIENTATION_TAG] = orientation if orientation in range(1, 9) else 1
        file = io.BytesIO()
        # CMYK is an error: PNG does not have it. Higher levels take several times as long.
        image.save(file, "PNG", compress_level=3, exif=exif)
    except Exception:  # Pillow raises anything; the server says what is wrong with the photo.
        return content
    return min(content, file.getvalue(), key=len)
