"""What the headers of a photo declare."""

from typing import NamedTuple


class Declaration(NamedTuple):
    """Size and cost of a photo, as its headers declare them.

    Attributes:
        size: width and height in pixels; zeros where they can't be read.
        costly: whether decoding it may take more memory or time than a worker should spend.
    """

    size: tuple[int, int]
    costly: bool = False
