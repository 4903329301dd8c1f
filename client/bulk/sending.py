"""One request of a bulk run: read the files, post them, turn the answer into rows."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ..answers import Prediction, read_answer
from ..client import Client, _model_path
from ..errors import BadAnswer, ClientError, Refused
from ..responses import json_value
from .files import Batch
from .journal import Row

_ABOUT_PHOTOS = (413, 415, 422)


@dataclass(frozen=True)
class Sent:
    """The result of a request: rows, or the error for which it has to be repeated."""

    batch: Batch
    rows: list[Row]
    seconds: float = 0.0
    error: ClientError | None = None


@dataclass(frozen=True)
class Sender:
    """Posts batches of photos, which it reads by their names; threads share it."""

    client: Client
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
            rows += self._classify(contents)
        except ClientError as error:
            return Sent(batch, [], error=error)
        return Sent(batch, rows, time.monotonic() - began)

    def _classify(self, contents: dict[str, bytes]) -> list[Row]:
        """Classify photos. Where some are bad, the others are sent again without them."""
        if not contents:
            return []
        try:
            return self._post(contents)
        except Refused as refused:
            bad = _bad_photos(refused, list(contents))
            if not bad:
                raise
        good = {image: content for image, content in contents.items() if image not in bad}
        rows = [{"image": image, "error": error} for image, error in bad.items()]
        return rows + self._classify(good)

    def _post(self, contents: dict[str, bytes]) -> list[Row]:
        # The names in the form are numbers: those of files may be equal, odd or too long.
        files = [
            ("image", (str(number), content, "application/octet-stream"))
            for number, content in enumerate(contents.values())
        ]
        path = _model_path(self.model, version=self.version, label=self.label) + ":classify"
        params: dict[str, Any] = {} if self.top is None else {"top": self.top}
        # Without the client's own retries: the whole run slows down, not this request alone.
        answer = read_answer(
            json_value(self.client._request("POST", path, files=files, params=params))
        )
        if len(answer.predictions) != len(contents):
            counts = f"{len(answer.predictions)} instead of {len(contents)}"
            raise BadAnswer(f"the server returned the wrong number of predictions: {counts}")
        pairs = zip(contents, answer.predictions, strict=True)
        return [_row(image, prediction, answer.version) for image, prediction in pairs]


def _row(image: str, prediction: Prediction, version: int) -> Row:
    return {
        "image": image,
        "label": prediction.label,
        "probability": prediction.probability,
        "recognized": prediction.recognized,
        "version": version,
        "probabilities": {each.label: each.probability for each in prediction.probabilities},
    }


def _bad_photos(refused: Refused, images: list[str]) -> dict[str, str]:
    """Return what is wrong with each bad photo, by image; nothing if photos are not the reason."""
    if refused.status not in _ABOUT_PHOTOS:
        return {}
    found = {}
    for each in refused.problem.get("errors") or ():
        name = str(each.get("image")) if isinstance(each, dict) else ""
        if name.isdecimal() and int(name) < len(images):
            found[images[int(name)]] = str(each.get("detail") or refused.title)
    if not found and len(images) == 1:
        found[images[0]] = refused.detail or refused.title
    return found
