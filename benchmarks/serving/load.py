"""Load from several processes of clients, and what came back."""

import contextlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_PROCESSES = 2
_SPARE_SECONDS = 30.0


@dataclass(frozen=True)
class Target:
    """Where a photo is posted, and how: the whole HTTP request."""

    name: str
    host: str
    port: int
    request: bytes


@dataclass(frozen=True)
class Measured:
    """What a load got.

    Attributes:
        rate: photos classified a second.
        p50, p99: seconds until a photo was classified.
        statuses: answers by status; 0 is none at all.
        share: of the machine's processor time, what the clients themselves took.
    """

    rate: float
    p50: float
    p99: float
    statuses: dict[int, int]
    share: float

    @property
    def answers(self) -> int:
        """All answers, refusals included."""
        return sum(self.statuses.values())


def post_request(path: str, body: bytes, content_type: str = "image/jpeg") -> bytes:
    """Return an HTTP request."""
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: {content_type}\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def form_request(path: str, photo: bytes) -> bytes:
    """Return an HTTP request with the photo as the file part `photo` of a form."""
    mark = "photolabel-benchmark-7d0c"
    start = (
        f'--{mark}\r\nContent-Disposition: form-data; name="photo"; filename="photo.jpg"\r\n'
        "Content-Type: image/jpeg\r\n\r\n"
    )
    body = start.encode() + photo + f"\r\n--{mark}--\r\n".encode()
    return post_request(path, body, f"multipart/form-data; boundary={mark}")


def measure(
    target: Target, clients: int, seconds: float, *, obeys_retry_after: bool = True
) -> Measured:
    """Post from `clients` connections for some seconds, one request after the other each."""
    processes = min(clients, _PROCESSES)
    begun = time.monotonic()
    with tempfile.NamedTemporaryFile() as file:
        file.write(target.request)
        file.flush()
        orders = {
            "host": target.host,
            "port": target.port,
            "request": file.name,
            "seconds": seconds,
            "obeys_retry_after": obeys_retry_after,
        }
        running = [
            _start({**orders, "clients": len(range(place, clients, processes))})
            for place in range(processes)
        ]
        results = [json.loads(_finish(process, seconds)) for process in running]
    took = max(time.monotonic() - begun, seconds)
    answers = [answer for result in results for answer in result["answers"]]
    statuses = Counter(status for _, _, status in answers)
    statuses[0] += sum(result["lost"] for result in results)
    in_time = [at for at, _, status in answers if status == 200 and at <= seconds]
    times = sorted(latency for _, latency, status in answers if status == 200)
    cpu = sum(result["cpu"] for result in results) / took / (os.cpu_count() or 1)
    return Measured(
        rate=len(in_time) / seconds,
        p50=statistics.median(times) if times else float("nan"),
        p99=times[int(len(times) * 0.99)] if times else float("nan"),
        statuses={status: count for status, count in sorted(statuses.items()) if count},
        share=cpu,
    )


def _start(orders: dict[str, object]) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-S", str(Path(__file__).with_name("clients.py"))],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    process.stdin.write(json.dumps(orders))
    process.stdin.close()
    process.stdin = None
    return process


def _finish(process: subprocess.Popen[str], seconds: float) -> str:
    try:
        output, _ = process.communicate(timeout=seconds + _SPARE_SECONDS)
    finally:
        process.kill()
    return output


@contextlib.contextmanager
def slow_senders(target: Target, path: str, count: int) -> Iterator[None]:
    """Keep `count` uploads of a byte a second going."""
    arguments = [target.host, str(target.port), path, str(count)]
    process = subprocess.Popen(
        [sys.executable, "-S", str(Path(__file__).with_name("slow_senders.py")), *arguments],
        stdin=subprocess.PIPE,
    )
    try:
        time.sleep(2)  # All of them have begun.
        yield
    finally:
        process.kill()
        process.communicate()
