"""Phone-sized photos, reduced before they are sent.

The server decodes a large JPEG at 1/2, 1/4 or 1/8 of its size (DCT scaling). Here the same is done
before sending, and the decoded pixels are sent as a PNG file: the model gets the same pixels, bit
for bit, from about a tenth of the bytes.
"""

import importlib.util
import io
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from .errors import Refused
from .results import Model

MIN_BYTES = 500_000  # Smaller files gain little.
_JPEG_SIGNATURE = b"\xff\xd8\xff"
_SECONDS_KEPT = 60.0  # A new version of a model may need larger photos.
_TRANSIENT_STATUSES = (429, 500, 502, 503, 504)
_AVAILABLE = "AVAILABLE"
_ORIENTATION_TAG = 0x0112

Shrink = Callable[[bytes], bytes]


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


# How the server's preparations reduce a JPEG: how many times the model's larger side remains,
# whether of the longer side only, and whether gray models get it in colour. A published
# preparation never changes.
PREPARATIONS = {
    "garment/1": (2, False, False),
    "garment/2": (3, True, True),
    "squash/1": (2, False, False),
}
_OTHER_MARGIN = 4  # Of a preparation that is not among them, with `shrink=True`.


class Shrinking:
    """Shrinks the photos of one client. Threads can share it.

    Args:
        shrink: True for every model, False for none, None for those whose preparation is known.
        model: `Photolabel.model`.

    Raises:
        ImportError: `shrink` is True, and Pillow is not installed.
    """

    def __init__(self, shrink: bool | None, model: Callable[..., Model]) -> None:
        installed = importlib.util.find_spec("PIL") is not None
        if shrink and not installed:
            raise ImportError("shrink=True needs Pillow: pip install 'photolabel[images]'")
        self._used = shrink is not False and installed
        self._always = bool(shrink)
        self._model = model
        self._lock = threading.Lock()
        self._found: dict[tuple[object, ...], tuple[float, Reduction | None]] = {}

    def for_model(self, name: str, version: int | None, label: str | None) -> Shrink:
        """Return what makes an encoded photo smaller for this model.

        It raises `PhotolabelError` if the server can't be asked about the model, which happens
        with the first photo that is large enough. What can't be shrunk is returned unchanged.
        """

        def shrink(content: bytes) -> bytes:
            large = len(content) > MIN_BYTES and content.startswith(_JPEG_SIGNATURE)
            reduction = self._reduction(name, version, label) if self._used and large else None
            return reduced(content, reduction) if reduction else content

        return shrink

    def _reduction(self, *asked: object) -> Reduction | None:
        with self._lock:
            until, reduction = self._found.get(asked, (0.0, None))
            if time.monotonic() >= until:
                reduction = self._ask(*asked)
                self._found[asked] = time.monotonic() + _SECONDS_KEPT, reduction
            return reduction

    def _ask(self, name: object, version: object, label: object) -> Reduction | None:
        """Ask the server for every version of the model that may answer."""
        try:
            models = [self._model(name, version=version, label=label)]
            if version is None and label is None:
                numbers = [v.version for v in models[0].versions if v.state == _AVAILABLE]
                others = [number for number in numbers if number != models[0].version]
                models += [self._model(name, version=number) for number in others]
        except Refused as refused:
            if refused.status in _TRANSIENT_STATUSES:
                raise
            return None  # The photo's own request will be refused, or only this one is.
        sides = [max(model.input_shape[:2]) for model in models if model.input_shape]
        found = {reduction_for(model) for model in models}
        if len(found) == 1 and None not in found:
            return found.pop()
        return Reduction(_OTHER_MARGIN * max(sides)) if self._always and sides else None


def reduction_for(model: Model) -> Reduction | None:
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
        orientation = image.getexif().get(_ORIENTATION_TAG, 1)
        exif = Image.Exif()
        exif[_ORIENTATION_TAG] = orientation if orientation in range(1, 9) else 1
        file = io.BytesIO()
        # Raises an error for CMYK, which PNG does not have. Other levels take several times as long.
        image.save(file, "PNG", compress_level=3, exif=exif)
    except Exception:  # Pillow raises anything; the server says what is wrong with the photo.
        return content
    return min(file.getvalue(), content, key=len)
