"""The sandbox process: `python -m serving.photos.sandbox LIMITS`, where LIMITS is JSON.

It prepares the photos that arrive on its standard input, a socket, one after the other, and sends
back pixels or what is wrong. The operating system bounds its memory, and ends the process when a
photo takes too much processor time.
"""

import json
import logging
import os
import resource
import signal
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from PIL import Image

from serving.photos import heic, prepare
from serving.photos.errors import BadPhoto
from serving.photos.formats_and_limits import PhotoLimits
from serving.photos.headers.inspection import image_format
from serving.photos.sandbox.protocol import MAX_REFUSAL, PIXELS, READY, REFUSAL, REQUEST, RESPONSE


def main() -> None:
    """Prepare photos until the worker ends or closes the socket."""
    limits = PhotoLimits(**json.loads(sys.argv[1]))
    for ignored in (signal.SIGINT, signal.SIGTERM):  # A draining worker still needs its sandbox.
        signal.signal(ignored, signal.SIG_IGN)
    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    logging.disable()  # Pillow logs details of broken files.
    _load_decoders(limits)
    _bound_memory(limits.max_helper_bytes)
    with socket.socket(fileno=sys.stdin.fileno()) as worker, worker.makefile("rb") as requests:
        try:
            worker.sendall(RESPONSE.pack(READY, 0))
            for kind, body in _responses(requests, limits):
                worker.sendall(RESPONSE.pack(kind, len(body)) + body)
        except (ConnectionError, EOFError):
            return  # The worker has ended.


def _load_decoders(limits: PhotoLimits) -> None:
    from PIL import AvifImagePlugin  # Not in workers, which never decode AVIF.

    # Each thread takes memory of its own, and several do not save processor time.
    AvifImagePlugin.DEFAULT_MAX_THREADS = 1
    Image.init()
    if "HEIC" in limits.formats:
        heic.register()


def _bound_memory(extra_bytes: int) -> None:
    """Limit the address space to what the process has now and some more; disable core dumps."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    limit = pages * os.sysconf("SC_PAGE_SIZE") + extra_bytes
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _responses(requests: BinaryIO, limits: PhotoLimits) -> Iterator[tuple[bytes, bytes]]:
    """Yield the kind and the body of the response to each request."""
    while True:
        size, height, width, channels, name = REQUEST.unpack(_read(requests, REQUEST.size))
        encoded = _read(requests, size)
        # SIGPROF ends the process once it has used up this time; waiting does not count.
        signal.setitimer(signal.ITIMER_PROF, limits.helper_seconds(image_format(encoded)))
        try:
            shape = height, width, channels
            preparation = name.rstrip(b"\0").decode()
            response = PIXELS, prepare(encoded, preparation, shape, limits).tobytes()
        except BadPhoto as error:
            response = REFUSAL, f"{type(error).__name__}\n{error.detail}".encode()[:MAX_REFUSAL]
        signal.setitimer(signal.ITIMER_PROF, 0)
        del encoded
        yield response


def _read(requests: BinaryIO, size: int) -> bytes:
    data = requests.read(size)
    if len(data) < size:
        raise EOFError
    return data


if __name__ == "__main__":
    main()
