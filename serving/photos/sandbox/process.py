"""A worker's side of its sandbox: starts the process, sends it photos, and kills it.

The process ends with its worker, since that closes the socket between them.
"""

import contextlib
import dataclasses
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np

from serving.deadline import Deadline
from serving.http_errors import DeadlineExceeded
from serving.photos.errors import BadPhoto, DamagedPhoto, TooCostly
from serving.photos.formats_and_limits import PhotoLimits
from serving.photos.headers.inspection import image_format
from serving.photos.preparation import Shape
from serving.photos.registry import PREPARATIONS
from serving.photos.sandbox.protocol import MAX_REFUSAL, PIXELS, READY, REFUSAL, REQUEST, RESPONSE
from serving.photos.sandbox.turns import Turns

_KINDS = {kind.__name__: kind for kind in BadPhoto.__subclasses__()}
_REFUSAL = re.compile(rf"({'|'.join(_KINDS)})\n(.*)".encode(), re.S)
# What Python and the loader need, and no secrets: the sandbox decodes what strangers send.
_ENVIRONMENT = ("PATH", "LD_LIBRARY_PATH", "PYTHONPATH", "PYTHONHOME", "LANG", "LC_ALL")
# Threads and malloc arenas reserve address space, which is bounded here, without using it.
_LEAN = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "1"}
_ROOT = Path(__file__).parents[3]
_COPIES = 4  # of an encoded photo, which the sandbox holds at least until it is decoded
_LATE = "The time budget of the request ended before its photo was decoded. Send a smaller copy."
_END_SECONDS = 5.0  # within which a process ends that has closed its socket


class Sandbox:
    """One sandbox process, which prepares one photo at a time; threads take turns.

    It is started for the first photo, and again for the next photo after it was killed.
    """

    def __init__(self, limits: PhotoLimits) -> None:
        self._limits = limits
        self._turns = Turns()
        self._lock = threading.Lock()  # `close` does not wait for a turn.
        self._process: subprocess.Popen[bytes] | None = None
        self._socket: socket.socket | None = None
        self._ready = False

    def prepare(
        self, encoded: bytes, preparation: str, shape: Shape, deadline: Deadline
    ) -> np.ndarray:
        """Do what `serving.photos.prepare` does, in the sandbox.

        Raises:
            BadPhoto: one of its kinds, also for a photo that got the process killed.
            DeadlineExceeded: the deadline passed before there was a response.
            TooManyRequests: too many photos wait for their turn.
            KeyError: the preparation is not known.
        """
        _ = PREPARATIONS[preparation]
        if len(encoded) > self._limits.max_helper_bytes // _COPIES:
            raise TooCostly(f"The photo has {len(encoded):,} bytes, too many for its format.")
        head = REQUEST.pack(len(encoded), *shape, preparation.encode())
        with self._turns.taken(deadline), self._lock:
            try:
                return self._request(head, encoded, shape, deadline)
            except TimeoutError:
                raise DeadlineExceeded(_LATE) from None

    def close(self) -> None:
        """End the process, if there is one."""
        with self._lock:
            self._end()

    def _request(self, head: bytes, encoded: bytes, shape: Shape, deadline: Deadline) -> np.ndarray:
        connection = self._connection(deadline)
        try:
            for data in (head, encoded):
                connection.settimeout(deadline.remaining())
                connection.sendall(data)
            return _receive_pixels(connection, shape, deadline)
        except BadPhoto:
            raise
        except (EOFError, ConnectionError):
            status = self._end(_END_SECONDS)
        except BaseException:  # Above all TimeoutError: the process is still at work.
            self._end()
            raise
        raise _killed(status, self._limits.helper_seconds(image_format(encoded)))

    def _connection(self, deadline: Deadline) -> socket.socket:
        """Return the socket of a process that is ready for a photo, started if necessary."""
        if self._process is not None and self._process.poll() is not None:
            self._end()
        connection = self._socket or self._start()
        if not self._ready:
            try:
                greeting = _receive(connection, RESPONSE.size, deadline)
                self._ready = greeting == RESPONSE.pack(READY, 0)
            except (EOFError, ConnectionError) as error:
                status = self._end(_END_SECONDS)
                raise RuntimeError(f"the sandbox process ended while starting: {status}") from error
        return connection

    def _start(self) -> socket.socket:
        ours, theirs = socket.socketpair()
        limits = json.dumps(dataclasses.asdict(self._limits))
        environment = {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}
        with theirs:
            try:
                self._process = subprocess.Popen(  # noqa: S603 - our own program
                    [sys.executable, "-m", "serving.photos.sandbox", limits],
                    cwd=_ROOT,
                    env=environment | _LEAN,
                    stdin=theirs.fileno(),
                    stdout=subprocess.DEVNULL,
                    start_new_session=True,  # Ctrl+C in a terminal is for the gateway to handle.
                )
            except OSError:
                ours.close()
                raise
        self._socket = ours
        return ours

    def _end(self, seconds: float = 0.0) -> int | None:
        """Kill the process unless it ends by itself in time; return its `Popen.returncode`."""
        process, connection = self._process, self._socket
        self._process, self._socket, self._ready = None, None, False
        if connection is not None:
            connection.close()
        if process is None:
            return None
        with contextlib.suppress(subprocess.TimeoutExpired):
            return process.wait(seconds)
        process.kill()
        return process.wait()


def _receive_pixels(connection: socket.socket, shape: Shape, deadline: Deadline) -> np.ndarray:
    """Read the response to a photo. The sandbox has decoded hostile bytes: trust nothing in it."""
    kind, size = RESPONSE.unpack(_receive(connection, RESPONSE.size, deadline))
    height, width, channels = shape
    if kind == PIXELS and size == height * width * channels:
        return np.frombuffer(_receive(connection, size, deadline), np.uint8).reshape(shape)
    if kind == REFUSAL and size <= MAX_REFUSAL:
        refusal = _REFUSAL.fullmatch(_receive(connection, size, deadline))
        if refusal:
            raise _KINDS[refusal[1].decode()](refusal[2].decode("utf-8", "replace"))
    raise EOFError


def _receive(connection: socket.socket, size: int, deadline: Deadline) -> bytearray:
    data = bytearray(size)
    received = 0
    while received < size:
        connection.settimeout(deadline.remaining())
        count = connection.recv_into(memoryview(data)[received:])
        if not count:
            raise EOFError
        received += count
    return data


def _killed(status: int | None, seconds: float) -> BadPhoto:
    """Return what is wrong with a photo that ended its sandbox."""
    if status == -signal.SIGPROF:
        return TooCostly(
            f"Decoding the photo takes more than {seconds:g} s of processor time."
            " Send a smaller copy, or a JPEG."
        )
    if status == -signal.SIGKILL:
        return TooCostly("Decoding the photo was stopped by the system. Send a smaller copy.")
    return DamagedPhoto("The image crashes its decoder. Re-save it, or send a JPEG.")
