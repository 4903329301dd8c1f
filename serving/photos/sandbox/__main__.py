"""The helper process: `python -m serving.photos.sandbox LIMITS`, where LIMITS is JSON.

It prepares the photos that come over its standard input, a socket, one after the other, and sends
back pixels or what is wrong. It may hold only so much memory, and each photo may take only so much
processor time: then the operating system ends it, which is what it is for.
"""

import json
import os
import resource
import signal
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from PIL import Image

from serving.photos import prepare
from serving.photos.errors import BadPhoto
from serving.photos.limits import PhotoLimits
from serving.photos.sandbox.protocol import ANSWER, MAX_REFUSAL, PIXELS, READY, REFUSAL, REQUEST


def main() -> None:
    """Prepare photos until the worker ends or closes the socket."""
    limits = PhotoLimits(**json.loads(sys.argv[1]))
    for ignored in (signal.SIGINT, signal.SIGTERM):  # The worker may drain, and says when to end.
        signal.signal(ignored, signal.SIG_IGN)
    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    _load_decoders()
    _bound_memory(limits.max_helper_bytes)
    with socket.socket(fileno=sys.stdin.fileno()) as worker, worker.makefile("rb") as requests:
        try:
            worker.sendall(ANSWER.pack(READY, 0))
            for kind, body in _answers(requests, limits):
                worker.sendall(ANSWER.pack(kind, len(body)) + body)
        except (ConnectionError, EOFError):
            return  # The worker has ended.


def _load_decoders() -> None:
    from PIL import AvifImagePlugin  # Only here: workers import this module too.

    # A thread holds memory of its own, and a photo does not cost less with several.
    AvifImagePlugin.DEFAULT_MAX_THREADS = 1
    Image.init()


def _bound_memory(most: int) -> None:
    """Let the process take so many bytes more than it has now, and leave no core file."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    held = pages * os.sysconf("SC_PAGE_SIZE")
    resource.setrlimit(resource.RLIMIT_AS, (held + most, held + most))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _answers(requests: BinaryIO, limits: PhotoLimits) -> Iterator[tuple[bytes, bytes]]:
    """Yield the kind and the body of the answer to each request."""
    while True:
        size, height, width, channels, name = REQUEST.unpack(_read(requests, REQUEST.size))
        encoded = _read(requests, size)
        # SIGPROF ends the process once it has used up this time; waiting does not count.
        signal.setitimer(signal.ITIMER_PROF, limits.max_helper_seconds)
        try:
            shape = height, width, channels
            preparation = name.rstrip(b"\0").decode()
            answer = PIXELS, prepare(encoded, preparation, shape, limits).tobytes()
        except BadPhoto as error:
            answer = REFUSAL, f"{type(error).__name__}\n{error.detail}".encode()[:MAX_REFUSAL]
        signal.setitimer(signal.ITIMER_PROF, 0)
        del encoded
        yield answer


def _read(requests: BinaryIO, size: int) -> bytes:
    data = requests.read(size)
    if len(data) < size:
        raise EOFError
    return data


if __name__ == "__main__":
    main()
