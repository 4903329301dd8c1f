"""Post photos to a gateway, several per request and several requests at once."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import httpx
import numpy as np

_CONNECTIONS = 4
_PER_REQUEST = 8
_SECONDS = 300.0


@dataclass(frozen=True)
class Predictions:
    """The gateway's predictions for a list of photos.

    Attributes:
        probabilities: float64 `[photos, classes]`, in the order of the labels given.
        recognized: bool `[photos]`; None if the model does not report it.
    """

    probabilities: np.ndarray
    recognized: np.ndarray | None


class Gateway:
    """A client of the gateway.

    Args:
        url: its address.
        progress: called after each request with its number of photos.
    """

    def __init__(self, url: str, progress: Callable[[int], None] = lambda _: None) -> None:
        self._http = httpx.Client(base_url=url, timeout=_SECONDS)
        self._progress = progress

    def __enter__(self) -> "Gateway":
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def described(self, model: str) -> dict[str, Any]:
        """Return the gateway's description of a model."""
        response = self._http.get(f"/v1/models/{model}")
        response.raise_for_status()
        return dict(response.json())

    def classify(
        self, model: str, labels: Sequence[str], count: int, photo: Callable[[int], bytes]
    ) -> Predictions:
        """Classify photos.

        Args:
            model: its name.
            labels: the classes, in the order of the result.
            count: number of photos.
            photo: makes the photo with an index; called from several threads.

        Raises:
            RuntimeError: the gateway returns an error.
        """
        starts = range(0, count, _PER_REQUEST)

        def post(start: int) -> list[dict[str, Any]]:
            indices = range(start, min(start + _PER_REQUEST, count))
            parts = [("photo", (f"{index}", photo(index))) for index in indices]
            response = self._http.post(f"/v1/models/{model}:classify", files=parts)
            if response.status_code != httpx.codes.OK:
                raise RuntimeError(f"{model}: {response.status_code} {response.text}")
            self._progress(len(parts))
            return list(response.json()["predictions"])

        with ThreadPoolExecutor(_CONNECTIONS) as pool:
            results = [each for predictions in pool.map(post, starts) for each in predictions]
        rows = [
            {one["label"]: one["probability"] for one in each["probabilities"]} for each in results
        ]
        known = [each.get("recognized") for each in results]
        return Predictions(
            np.array([[row[label] for label in labels] for row in rows]),
            None if None in known else np.array(known, bool),
        )
