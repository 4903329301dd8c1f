"""Load generation with a process of many clients."""

import contextlib
import http.client
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.serving.clients import NO_RESPONSE, OK, probabilities

_SPARE_SECONDS = 30.0


@dataclass(frozen=True)
class Target:
    """A server's address, the complete HTTP request for each photo, and the answers expected.

    Clients take turns with the photos. An answer is a list of probabilities in the order of the
    labels; None stands for any response with the status 200.
    """

    name: str
    host: str
    port: int
    requests: Sequence[bytes]
    answers: Sequence[Sequence[float] | None]


@dataclass(frozen=True)
class Measured:
    """The result of one load.

    Attributes:
        rate: photos classified per second.
        p50, p99, longest: seconds until a photo was classified.
        statuses: number of responses by status; `NO_RESPONSE`, and `WRONG_ANSWER` for a 200 without
            the right answer.
        share: fraction of the machine's processor time that the clients took.
        client_seconds: processor time that a request took the clients.
    """

    rate: float
    p50: float
    p99: float
    longest: float
    statuses: dict[int, int]
    share: float
    client_seconds: float

    @property
    def responses(self) -> int:
        """The number of responses, errors included."""
        return sum(self.statuses.values())

    @property
    def classified(self) -> int:
        """The number of photos that were classified."""
        return self.statuses.get(OK, 0)

    @property
    def refused(self) -> float:
        """The share of responses with the status 429."""
        return self.statuses.get(429, 0) / max(self.responses, 1)


def post_request(path: str, body: bytes, content_type: str = "image/jpeg") -> bytes:
    """Return an HTTP request."""
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: {content_type}\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def form_request(path: str, photo: bytes) -> bytes:
    """Return an HTTP request with the photo as the file part `photo` of a form."""
    boundary = "photolabel-benchmark-7d0c"
    start = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="photo"; filename="photo.jpg"\r\n'
        "Content-Type: image/jpeg\r\n\r\n"
    )
    body = start.encode() + photo + f"\r\n--{boundary}--\r\n".encode()
    return post_request(path, body, f"multipart/form-data; boundary={boundary}")


def ask(host: str, port: int, request: bytes) -> list[float]:
    """Post one request while nothing else is posted; return the probabilities of its answer.

    Raises:
        RuntimeError: the response is no answer.
    """
    with socket.create_connection((host, port), timeout=_SPARE_SECONDS) as connection:
        connection.sendall(request)
        response = http.client.HTTPResponse(connection, method="POST")
        response.begin()
        body = response.read()
    found = probabilities(body)
    if response.status != OK or found is None:
        raise RuntimeError(f"port {port} answers {response.status}: {body[:200]!r}")
    return found


def measure(
    target: Target, clients: int, seconds: float, *, honour_retry_after: bool = True
) -> Measured:
    """Post over `clients` connections for some seconds, one request at a time on each.

    Args:
        target: the server and the requests.
        clients: the number of connections.
        seconds: the duration; requests that are under way at its end are awaited.
        honour_retry_after: whether clients wait after 429 and 503 as long as the response says,
            or send the next request at once.
    """
    return _load(target, clients, seconds, honour_retry_after=honour_retry_after)


def burst(target: Target, requests: int) -> Measured:
    """Post one request over each of many connections, all at the same time."""
    return _load(target, requests, _SPARE_SECONDS, once=True)


def _load(target: Target, clients: int, seconds: float, **how: bool) -> Measured:
    with tempfile.TemporaryDirectory() as folder:
        photos = []
        for number, (request, answer) in enumerate(
            zip(target.requests, target.answers, strict=True)
        ):
            path = Path(folder, str(number))
            path.write_bytes(request)
            photos.append({"request": str(path), "expected": answer})
        options = {
            "host": target.host,
            "port": target.port,
            "photos": photos,
            "clients": clients,
            "seconds": seconds,
            "honour_retry_after": False,
            "once": False,
            **how,
        }
        result = json.loads(_run_clients(options, seconds))
    responses = result["responses"]
    statuses = Counter(status for _, _, status in responses)
    statuses[NO_RESPONSE] += result["lost"]
    times = sorted(took for _, took, status in responses if status == OK)
    last = max((at for at, _, _ in responses), default=seconds)
    during = last if how.get("once") else seconds
    return Measured(
        rate=sum(status == OK and at <= during for at, _, status in responses) / during,
        p50=statistics.median(times) if times else float("nan"),
        p99=times[int(len(times) * 0.99)] if times else float("nan"),
        longest=times[-1] if times else float("nan"),
        statuses={status: count for status, count in sorted(statuses.items()) if count},
        share=result["cpu"] / max(during, last) / (os.cpu_count() or 1),
        client_seconds=result["cpu"] / max(len(responses), 1),
    )


def _run_clients(options: dict[str, object], seconds: float) -> str:
    # In a session of its own, so that Ctrl-C ends only this process, which then ends that one.
    process = subprocess.Popen(
        [sys.executable, "-S", str(Path(__file__).with_name("clients.py"))],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        output, _ = process.communicate(json.dumps(options), timeout=seconds + _SPARE_SECONDS)
    finally:
        process.kill()
        process.wait()
    return output


@contextlib.contextmanager
def slow_senders(target: Target, path: str, count: int) -> Iterator[None]:
    """Keep `count` uploads running that send one byte per second."""
    arguments = [target.host, str(target.port), path, str(count)]
    process = subprocess.Popen(
        [sys.executable, "-S", str(Path(__file__).with_name("slow_senders.py")), *arguments],
        stdin=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        time.sleep(2)  # All of them have begun.
        yield
    finally:
        process.kill()
        process.communicate()
