"""Load generation with several client processes."""

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
    """A server's address and the complete HTTP request for a photo."""

    name: str
    host: str
    port: int
    request: bytes


@dataclass(frozen=True)
class Measured:
    """The result of one load.

    Attributes:
        rate: photos classified per second.
        p50, p99: seconds until a photo was classified.
        statuses: number of responses by status; 0 stands for no response.
        share: fraction of the machine's processor time that the clients took.
    """

    rate: float
    p50: float
    p99: float
    statuses: dict[int, int]
    share: float

    @property
    def responses(self) -> int:
        """The number of responses, errors included."""
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
    boundary = "photolabel-benchmark-7d0c"
    start = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="photo"; filename="photo.jpg"\r\n'
        "Content-Type: image/jpeg\r\n\r\n"
    )
    body = start.encode() + photo + f"\r\n--{boundary}--\r\n".encode()
    return post_request(path, body, f"multipart/form-data; boundary={boundary}")


def measure(
    target: Target, clients: int, seconds: float, *, honour_retry_after: bool = True
) -> Measured:
    """Post over `clients` connections for some seconds, one request at a time on each."""
    processes = min(clients, _PROCESSES)
    began = time.monotonic()
    with tempfile.NamedTemporaryFile() as file:
        file.write(target.request)
        file.flush()
        options = {
            "host": target.host,
            "port": target.port,
            "request": file.name,
            "seconds": seconds,
            "honour_retry_after": honour_retry_after,
        }
        running = [
            _start({**options, "clients": len(range(index, clients, processes))})
            for index in range(processes)
        ]
        results = [json.loads(_finish(process, seconds)) for process in running]
    took = max(time.monotonic() - began, seconds)
    responses = [response for result in results for response in result["responses"]]
    statuses = Counter(status for _, _, status in responses)
    statuses[0] += sum(result["lost"] for result in results)
    in_time = [at for at, _, status in responses if status == 200 and at <= seconds]
    times = sorted(latency for _, latency, status in responses if status == 200)
    cpu = sum(result["cpu"] for result in results) / took / (os.cpu_count() or 1)
    return Measured(
        rate=len(in_time) / seconds,
        p50=statistics.median(times) if times else float("nan"),
        p99=times[int(len(times) * 0.99)] if times else float("nan"),
        statuses={status: count for status, count in sorted(statuses.items()) if count},
        share=cpu,
    )


def _start(options: dict[str, object]) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-S", str(Path(__file__).with_name("clients.py"))],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    process.stdin.write(json.dumps(options))
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
    """Keep `count` uploads running that send one byte per second."""
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
