"""The preparations by name: `NAME/REVISION`, each in a module `NAME_vREVISION.py` of its own.

Published models name their preparation, and a published one never changes: a change is a new
revision.
"""

from collections.abc import Callable
from dataclasses import dataclass

from PIL import Image

Resize = Callable[[Image.Image, int, int], Image.Image]


@dataclass(frozen=True)
class Preparation:
    """How a decoded photo becomes the pixels of a model.

    Attributes:
        resize: from the upright photo, in sRGB or gray, to the model's width and height.
        needs_colour: whether `resize` takes RGB also for models of gray, and then returns gray.
        margin: how many times the model's size remains of a JPEG that is decoded at a reduced size.
        longest_edge_only: whether only the longest edge has to have that size.
    """

    resize: Resize
    needs_colour: bool
    margin: int
    longest_edge_only: bool


PREPARATIONS: dict[str, Preparation] = {}


def module_of(name: str) -> str:
    """Return the name of the module that a preparation of this name is in."""
    return f"serving.photos.{name.replace('/', '_v')}"


def preparation(
    name: str, *, needs_colour: bool = False, margin: int = 2, longest_edge_only: bool = False
) -> Callable[[Resize], Resize]:
    """Register a function as a preparation; the arguments are those of `Preparation`.

    Raises:
        ValueError: the name is taken.
    """

    def register(resize: Resize) -> Resize:
        if name in PREPARATIONS:
            raise ValueError(f"preparation {name} is already registered")
        PREPARATIONS[name] = Preparation(resize, needs_colour, margin, longest_edge_only)
        return resize

    return register
