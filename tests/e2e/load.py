"""A steady load from several clients that records every response."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx


@dataclass(frozen=True)
class Outcome:
    """When a request was answered, with its status, version and headers."""

    moment: float
    status: int
    version: int | None
    retry_after: str | None
    body: str


@dataclass
class Load:
    """The outcomes so far; a request without a response has status 0."""

    outcomes: list[Outcome] = field(default_factory=list)

    def after(self, moment: float) -> list[Outcome]:
        """Return the outcomes since a moment, a value of `time.monotonic`."""
        return [outcome for outcome in self.outcomes if outcome.moment >= moment]


THINK_SECONDS = 0.03  # Leaves CPU time to the processes that the tests start under load.


@contextmanager
def steady_load(
    url: str,
    photo: bytes,
    clients: int = 8,
    fresh: int = 0,
    think: float = THINK_SECONDS,
    **options: Any,
) -> Iterator[Load]:
    """Keep posting a photo to a `:classify` URL from several clients.

    Each client reuses its connection; `fresh` more clients open a new one for every request. All
    of them pause for `think` seconds between a response and the next request. Other options are
    those of `httpx.Client`.
    """
    load, stop = Load(), threading.Event()

    def run(keep_alive: int) -> None:
        with httpx.Client(
            timeout=30, limits=httpx.Limits(max_keepalive_connections=keep_alive), **options
        ) as client:
            while not stop.is_set():
                load.outcomes.append(_post(client, url, photo))
                stop.wait(think)

    keep_alive = [1] * clients + [0] * fresh
    threads = [threading.Thread(target=run, args=(count,)) for count in keep_alive]
    for thread in threads:
        thread.start()
    try:
        yield load
    finally:
        stop.set()
        for thread in threads:
            thread.join(60)


def _post(client: httpx.Client, url: str, photo: bytes) -> Outcome:
    try:
        response = client.post(url, content=photo)
    except httpx.TransportError as error:
        return Outcome(time.monotonic(), 0, None, None, repr(error))
    is_json = response.headers.get("Content-Type", "").partition(";")[0].endswith("json")
    version = response.json().get("version") if is_json else None
    retry_after = response.headers.get("Retry-After")
    return Outcome(time.monotonic(), response.status_code, version, retry_after, response.text)
