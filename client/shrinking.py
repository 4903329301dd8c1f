"""Which photos a client reduces before it sends them, and how far."""

import importlib.util
import threading
import time
from collections.abc import Callable

from .errors import Refused
from .reduction import Reduction, reduced, reduction_for
from .results import Model

MIN_BYTES = 500_000  # Smaller files gain little.
_JPEG_SIGNATURE = b"\xff\xd8\xff"
_SECONDS_KEPT = 60.0  # A new version of a model may need larger photos.
_TRANSIENT_STATUSES = (429, 500, 502, 503, 504)
_OTHER_MARGIN = 4  # How many times a model's larger side remains if its preparation is not known.

Shrink = Callable[[bytes], bytes]


class Shrinking:
    """Shrinks the photos of one client. Threads can share it.

    Args:
        shrink: True for any model, False for none, None for those whose pixels stay the same.
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
        """Return what makes an encoded photo smaller for this model, if it can be.

        The server is asked about the model when the first photo is large enough; it raises
        `PhotolabelError` if there is no answer.
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
        """Ask the server about every version of the model that may answer."""
        try:
            models = [self._model(name, version=version, label=label)]
            if version is None and label is None:
                ready = [v.version for v in models[0].versions if v.state == "AVAILABLE"]
                others = [number for number in ready if number != models[0].version]
                models += [self._model(name, version=number) for number in others]
        except Refused as refused:
            if refused.status in _TRANSIENT_STATUSES:
                raise
            return None  # What is wrong is said when the photo is sent.
        found = {reduction_for(model) for model in models}
        if len(found) == 1 and None not in found:
            return found.pop()
        sides = [max(model.input_shape[:2]) for model in models if model.input_shape]
        return Reduction(_OTHER_MARGIN * max(sides)) if self._always and sides else None
