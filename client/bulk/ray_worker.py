"""A worker of a Ray job: reads photos, sends them to the gateway, returns a row for each."""

import io
import time
from collections import deque
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
from pyarrow import fs

from ..client import DEFAULT_TIMEOUT, Client
from ..errors import ClientError, Refused, Unreachable

COLUMNS = pa.schema(
    [
        ("image", pa.string()),
        ("model", pa.string()),
        ("version", pa.int64()),
        ("label", pa.string()),
        ("probability", pa.float64()),
        ("recognized", pa.bool_()),
        ("error", pa.string()),
    ]
)
"""A row for each photo: its path below the folder, and its prediction or its error."""

_AWAY = {429, 502, 503, 504}
_FOR_ALL = {401, 403, 404, 405}
_MAX_PHOTOS = 32
_MAX_IN_FLIGHT = 8
_MAX_PAUSE = 30.0  # seconds


@dataclass(frozen=True)
class WorkerOptions:
    """How photos are classified.

    Args:
        url: the gateway's address, as the workers reach it.
        at_once: photos a request.
        patience: seconds that a worker waits for a gateway that is away or busy.
    """

    url: str
    model: str
    version: int | None = None
    label: str | None = None
    api_key: str | None = field(default=None, repr=False)
    timeout: float = DEFAULT_TIMEOUT
    at_once: int = 16
    patience: float = 600.0


class Worker:
    """An actor of Ray Data with a client of its own, which adapts to how busy the gateway is.

    It sends several requests at the same time: one more after each round without a refusal, half as
    many after one with a 429 or 503.
    """

    def __init__(self, options: WorkerOptions, folder: str) -> None:
        self._options = options
        self._client = Client(options.url, api_key=options.api_key, timeout=options.timeout)
        self._place, self._folder = fs.FileSystem.from_uri(folder)
        self._threads = ThreadPoolExecutor(_MAX_IN_FLIGHT)
        self._in_flight = 2

    def __call__(self, photos: pa.Table) -> pa.Table:
        """Return the rows of photos that are given by their paths.

        Raises:
            ClientError: the gateway refuses all photos, such as for a wrong key or an unknown model,
                or was away for longer than the patience.
        """
        paths = photos["image"].to_pylist()
        size = min(self._options.at_once, _MAX_PHOTOS)
        waiting = deque(paths[at : at + size] for at in range(0, len(paths), size))
        rows: list[dict[str, Any]] = []
        pause, since = 0.5, time.monotonic()
        while waiting:
            sent = [waiting.popleft() for _ in range(min(self._in_flight, len(waiting)))]
            refused = []
            for batch, outcome in zip(sent, self._threads.map(self._rows_or_away, sent), strict=True):
                if isinstance(outcome, list):
                    rows += outcome
                else:
                    waiting.append(batch)
                    refused.append(outcome)
            if len(refused) < len(sent):
                pause, since = 0.5, time.monotonic()
            if not refused:
                self._in_flight = min(self._in_flight + 1, _MAX_IN_FLIGHT)
                continue
            if time.monotonic() - since > self._options.patience:
                raise refused[0]
            self._in_flight = max(self._in_flight // 2, 1)
            asked = max(getattr(each, "retry_after", None) or 0.0 for each in refused)
            time.sleep(min(max(pause, asked), _MAX_PAUSE))
            pause *= 2
        return pa.Table.from_pylist(rows, COLUMNS)

    def _rows_or_away(self, paths: Sequence[str]) -> list[dict[str, Any]] | ClientError:
        """Return the rows, or the error of a gateway that is away or busy."""
        contents, rows = {}, []
        for path in paths:
            try:
                with self._place.open_input_stream(f"{self._folder}/{path}") as file:
                    contents[path] = file.read()
            except OSError as error:
                rows.append(_failed(path, f"can't be read: {error}"))
        try:
            return rows + self._rows(contents)
        except Unreachable as error:
            return error
        except Refused as error:
            if error.status not in _AWAY:
                raise
            return error

    def _rows(self, contents: dict[str, bytes]) -> list[dict[str, Any]]:
        if not contents:
            return []
        paths = list(contents)
        try:
            answer = self._client.classify(
                self._options.model,
                [_named(str(number), contents[path]) for number, path in enumerate(paths)],
                version=self._options.version,
                label=self._options.label,
                top=1,
            )
        except Refused as error:
            if error.status in _AWAY | _FOR_ALL:
                raise
            return self._rows_without_bad(contents, error)
        return [
            {
                "image": path,
                "model": answer.model,
                "version": answer.version,
                "label": each.label,
                "probability": each.probability,
                "recognized": each.recognized,
            }
            for path, each in zip(paths, answer.predictions, strict=True)
        ]

    def _rows_without_bad(self, contents: dict[str, bytes], error: Refused) -> list[dict[str, Any]]:
        """Return errors for the photos that are named as bad, and send the others again.

        Where none is named, each is sent by itself.
        """
        paths = list(contents)
        if len(paths) == 1:
            return [_failed(paths[0], str(error))]
        bad = {int(each["image"]): each for each in error.problem.get("errors", [])}
        if not bad:
            return [row for path in paths for row in self._rows({path: contents[path]})]
        rows = [_failed(paths[n], each.get("detail") or each["title"]) for n, each in bad.items()]
        good = {path: contents[path] for n, path in enumerate(paths) if n not in bad}
        return rows + self._rows(good)


def _named(name: str, content: bytes) -> io.BytesIO:
    file = io.BytesIO(content)
    file.name = name
    return file


def _failed(path: str, error: str) -> dict[str, Any]:
    return {"image": path, "error": error}
