"""A worker's side of its sandbox process: starts, asks and kills it.

The helper ends with its worker, whose end closes the socket between them.
"""

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from dataclasses import fields
from pathlib import Path

import numpy as np

from serving.deadline import Deadline
from serving.errors import DeadlineExceeded
from serving.photos import PREPARATIONS, Shape
from serving.photos.errors import (
    BadPhoto,
    DamagedPhoto,
    NotAnImage,
    TooCostly,
    TooManyPixels,
    UnsupportedFormat,
)
from serving.photos.limits import PhotoLimits
from serving.photos.sandbox.protocol import ANSWER, MAX_REFUSAL, PIXELS, READY, REFUSAL, REQUEST

_KINDS = {
    kind.__name__: kind
    for kind in (DamagedPhoto, NotAnImage, TooCostly, TooManyPixels, UnsupportedFormat)
}
_REFUSAL = re.compile(rf"({'|'.join(_KINDS)})\n(.*)".encode(), re.S)
# Python's and the loader's own, and none that hold secrets: the helper reads what strangers send.
_ENVIRONMENT = ("PATH", "LD_LIBRARY_PATH", "PYTHONPATH", "PYTHONHOME", "LANG", "LC_ALL")
# Threads and arenas of malloc would reserve memory that they do not use, and that is bounded here.
_LEAN = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "1"}
_ROOT = Path(__file__).parents[3]
_COPIES = 4  # of an encoded photo, which the helper holds at least until its pixels are there
_END_SECONDS = 5.0  # in which a process ends that has closed its socket


class DecoderProcess:
    """One helper process, which prepares one photo at a time; threads take turns.

    It is started for the first photo, and anew for the next one when it has been killed.
    """

    def __init__(self, limits: PhotoLimits) -> None:
        self._limits = limits
        self._turn = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._socket: socket.socket | None = None
        self._ready = False

    def prepare(
        self, encoded: bytes, preparation: str, shape: Shape, deadline: Deadline
    ) -> np.ndarray:
        """Do what `serving.photos.preparation.prepare` does, in the helper.

        Raises:
            BadPhoto: one of its kinds, also for a photo that got the helper killed.
            DeadlineExceeded: the deadline passed meanwhile, or while others had their turns.
            KeyError: the preparation is not known.
        """
        _ = PREPARATIONS[preparation]
        if len(encoded) > self._limits.max_helper_bytes // _COPIES:
            raise TooCostly(f"The photo has {len(encoded):,} bytes, too many for its format.")
        head = REQUEST.pack(len(encoded), *shape, preparation.encode())
        if not self._turn.acquire(timeout=deadline.remaining()):
            raise DeadlineExceeded(_SPENT)
        try:
            return self._ask(head, encoded, shape, deadline)
        finally:
            self._turn.release()

    def close(self) -> None:
        """End the helper, if there is one."""
        with self._turn:
            self._end()

    def _ask(self, head: bytes, encoded: bytes, shape: Shape, deadline: Deadline) -> np.ndarray:
        connection = self._connection(deadline)
        try:
            _send(connection, head, deadline)
            _send(connection, encoded, deadline)
            return _pixels(connection, shape, deadline)
        except BadPhoto:
            raise
        except (EOFError, ConnectionError):
            status = self._end(_END_SECONDS)
        except BaseException:  # The deadline above all: the helper is in the middle of something.
            self._end()
            raise
        raise _killed(status, self._limits)

    def _connection(self, deadline: Deadline) -> socket.socket:
        """Return the socket of a helper that is ready for a photo, started if need be."""
        if self._process is not None and self._process.poll() is not None:
            self._end()
        connection = self._socket or self._start()
        if not self._ready:
            try:
                self._ready = _answer(connection, deadline) == (READY, 0)
            except (EOFError, ConnectionError) as error:
                status = self._end(_END_SECONDS)
                raise RuntimeError(f"the helper process ended at its start: {status}") from error
        return connection

    def _start(self) -> socket.socket:
        ours, theirs = socket.socketpair()
        kept = {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}
        with theirs:
            try:
                self._process = subprocess.Popen(  # noqa: S603 - our own program
                    _arguments(self._limits),
                    cwd=_ROOT,
                    env={**kept, **_LEAN},
                    stdin=theirs.fileno(),
                    stdout=subprocess.DEVNULL,
                    start_new_session=True,  # Ctrl+C in a terminal is for the gateway to handle.
                )
            except OSError:
                ours.close()
                raise
        self._socket = ours
        return ours

    def _end(self, patience: float = 0.0) -> int | None:
        """Kill the helper unless it ends by itself; return its exit status, as `Popen` has it."""
        process, connection = self._process, self._socket
        self._process, self._socket, self._ready = None, None, False
        if connection is not None:
            connection.close()
        if process is None:
            return None
        with contextlib.suppress(subprocess.TimeoutExpired):
            return process.wait(patience)
        process.kill()
        return process.wait()


def _pixels(connection: socket.socket, shape: Shape, deadline: Deadline) -> np.ndarray:
    """Read the answer to a photo. The helper has read hostile bytes: its answer is checked."""
    kind, size = _answer(connection, deadline)
    height, width, channels = shape
    if kind == PIXELS and size == height * width * channels:
        return np.frombuffer(_receive(connection, size, deadline), np.uint8).reshape(shape)
    if kind == REFUSAL and size <= MAX_REFUSAL:
        refusal = _REFUSAL.fullmatch(_receive(connection, size, deadline))
        if refusal:
            raise _KINDS[refusal[1].decode()](refusal[2].decode("utf-8", "replace"))
    raise EOFError


def _answer(connection: socket.socket, deadline: Deadline) -> tuple[bytes, int]:
    kind, size = ANSWER.unpack(_receive(connection, ANSWER.size, deadline))
    return kind, size


def _send(connection: socket.socket, data: bytes, deadline: Deadline) -> None:
    connection.settimeout(deadline.remaining())
    try:
        connection.sendall(data)
    except TimeoutError:
        raise DeadlineExceeded(_SPENT) from None


def _receive(connection: socket.socket, size: int, deadline: Deadline) -> bytearray:
    data = bytearray(size)
    place = 0
    while place < size:
        connection.settimeout(deadline.remaining())
        try:
            got = connection.recv_into(memoryview(data)[place:])
        except TimeoutError:
            raise DeadlineExceeded(_SPENT) from None
        if not got:
            raise EOFError
        place += got
    return data


def _killed(status: int | None, limits: PhotoLimits) -> BadPhoto:
    """Return what is wrong with a photo that ended its helper."""
    if status == -signal.SIGPROF:
        return TooCostly(
            f"Decoding the photo takes more than {limits.max_helper_seconds:g} s of a processor."
            " Send a smaller copy, or a JPEG."
        )
    if status == -signal.SIGKILL:
        return TooCostly("Decoding the photo was ended by the system. Send a smaller copy.")
    return DamagedPhoto("The image crashes its decoder. Save it anew, or send a JPEG.")


_SPENT = "The time of the request is over, and its photo is not decoded. Send a smaller copy."


def _arguments(limits: PhotoLimits) -> list[str]:
    """Return the command that runs a helper with these limits."""
    numbers = {each.name: getattr(limits, each.name) for each in fields(limits)}
    return [sys.executable, "-m", "serving.photos.sandbox", json.dumps(numbers)]
