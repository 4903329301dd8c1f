"""One request of a bulk run: read the files, classify them, turn the results into rows."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from ..client import Photolabel
from ..errors import PhotolabelError
from ..results import BadPhoto, Prediction
from .files import Batch
from .journal import Row


@dataclass(frozen=True)
class Sent:
    """The result of a request: rows, or the error for which it has to be repeated."""

    batch: Batch
    rows: list[Row]
    seconds: float = 0.0
    error: PhotolabelError | None = None


@dataclass(frozen=True)
class Sender:
    """Classifies batches of photos, which it reads by their names; threads share it."""

    client: Photolabel
    read: Callable[[str], bytes]
    model: str
    version: int | None
    label: str | None
    top: int | None

    def send(self, batch: Batch) -> Sent:
        """Return a row for each photo, or the error of the request."""
        rows: list[Row] = []
        contents: dict[str, bytes] = {}
        for image in batch.images:
            try:
                contents[image] = self.read(image)
            except OSError as error:
                rows.append({"image": image, "error": f"can't be read: {error.strerror or error}"})
        began = time.monotonic()
        try:
            found = self.client.classify_batch(
                contents.values(),
                model=self.model,
                version=self.version,
                label=self.label,
                top=self.top,
            )
        except PhotolabelError as error:
            return Sent(batch, [], error=error)
        pairs = zip(contents, found, strict=True)
        rows += [_row(image, result) for image, result in pairs]
        return Sent(batch, rows, time.monotonic() - began)


def _row(image: str, result: Prediction | BadPhoto) -> Row:
    if isinstance(result, BadPhoto):
        return {"image": image, "error": result.detail or result.title}
    return {
        "image": image,
        "label": result.label,
        "probability": result.probability,
        "recognized": result.recognized,
        "version": result.version,
        "probabilities": {each.label: each.probability for each in result.probabilities},
    }
