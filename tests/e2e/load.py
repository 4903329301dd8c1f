"""A steady load from several clients, every answer written down."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import httpx


@dataclass(frozen=True)
class Outcome:
    """One request: when it was answered, with which status, version and headers."""

    moment: float
    status: int
    version: int | None
    retry_after: str | None
    body: str


@dataclass
class Load:
    """The outcomes so far; a request without any answer has the status 0."""

    outcomes: list[Outcome] = field(default_factory=list)

    def after(self, moment: float) -> list[Outcome]:
        """Return the outcomes since a moment of `time.monotonic`."""
        return [outcome for outcome in self.outcomes if outcome.moment >= moment]


THINK_SECONDS = 0.03  # Leaves some of the machine to the programs that the tests start under load.


@contextmanager
def steady_load(
    url: str, photo: bytes, clients: int = 8, fresh: int = 0, think: float = THINK_SECONDS
) -> Iterator[Load]:
    """Post a photo to a `:classify` URL from several clients, again and again.

    Each client keeps its connection; `fresh` more make a new one for every request. All of them
    pause for `think` seconds between an answer and the next request.
    """
    load, over = Load(), threading.Event()

    def run(kept: int) -> None:
        with httpx.Client(
            timeout=30, limits=httpx.Limits(max_keepalive_connections=kept)
        ) as client:
            while not over.is_set():
                load.outcomes.append(_post(client, url, photo))
                over.wait(think)

    kept = [1] * clients + [0] * fresh
    threads = [threading.Thread(target=run, args=(each,)) for each in kept]
    for thread in threads:
        thread.start()
    try:
        yield load
    finally:
        over.set()
        for thread in threads:
            thread.join(60)


def _post(client: httpx.Client, url: str, photo: bytes) -> Outcome:
    try:
        response = client.post(url, content=photo)
    except httpx.TransportError as error:
        return Outcome(time.monotonic(), 0, None, None, repr(error))
    version = response.json().get("version")
    retry_after = response.headers.get("Retry-After")
    return Outcome(time.monotonic(), response.status_code, version, retry_after, response.text)
