"""Posting photos to a gateway, several in a request and several requests at once."""

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
class Answers:
    """What a gateway said of photos.

    Attributes:
        probabilities: float64 `[photos, classes]`, in the order of the labels asked for.
        recognized: bool `[photos]`; None where the model does not tell.
    """

    probabilities: np.ndarray
    recognized: np.ndarray | None


class Gateway:
    """A gateway to post photos to.

    Args:
        url: where it is.
        progress: called with the photos answered, after each request.
    """

    def __init__(self, url: str, progress: Callable[[int], None] = lambda _: None) -> None:
        self._http = httpx.Client(base_url=url, timeout=_SECONDS)
        self._progress = progress

    def __enter__(self) -> "Gateway":
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def described(self, model: str) -> dict[str, Any]:
        """Return what the gateway tells of a model."""
        answer = self._http.get(f"/v1/models/{model}")
        answer.raise_for_status()
        return dict(answer.json())

    def classify(
        self, model: str, labels: Sequence[str], count: int, photo: Callable[[int], bytes]
    ) -> Answers:
        """Post photos.

        Args:
            model: its name.
            labels: the classes, in the order wanted.
            count: how many photos.
            photo: makes the one at a place; called in several threads.

        Raises:
            RuntimeError: the gateway answers with an error.
        """
        starts = range(0, count, _PER_REQUEST)

        def post(start: int) -> list[dict[str, Any]]:
            places = range(start, min(start + _PER_REQUEST, count))
            parts = [("photo", (f"{place}", photo(place))) for place in places]
            answer = self._http.post(f"/v1/models/{model}:classify", files=parts)
            if answer.status_code != httpx.codes.OK:
                raise RuntimeError(f"{model}: {answer.status_code} {answer.text}")
            self._progress(len(parts))
            return list(answer.json()["predictions"])

        with ThreadPoolExecutor(_CONNECTIONS) as pool:
            said = [each for predictions in pool.map(post, starts) for each in predictions]
        rows = [
            {one["label"]: one["probability"] for one in each["probabilities"]} for each in said
        ]
        known = [each.get("recognized") for each in said]
        return Answers(
            np.array([[row[label] for label in labels] for row in rows]),
            None if None in known else np.array(known, bool),
        )
