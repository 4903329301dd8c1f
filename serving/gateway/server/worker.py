"""A gunicorn worker whose threads handle complete requests and never wait for a slow client.

gunicorn's own threads block while they read heads and bodies, so a few hundred slow senders hold
all of them. Here every thread waits for any connection (`epoll`, one event for one thread; Linux
only), reads what has arrived, and handles the request only when it is complete: the thread that
reads the last byte runs the app and sends the response, without handing over to another.
"""

import contextlib
import os
import resource
import select
import socket
import threading
import time
from typing import Any

from gunicorn.http import wsgi
from gunicorn.http.message import Request
from gunicorn.workers.base import Worker as GunicornWorker

from serving.gateway.api.request_arrival import ARRIVAL
from serving.gateway.server.connection import Connection
from serving.gateway.server.incoming_request import IncomingRequest, RequestLimits
from serving.gateway.server.malloc import keep_heap_small
from serving.gateway.server.upload import TimeLimits
from serving.gateway.server.upload_memory import UploadMemory

TICK_SECONDS = 0.1

# A stopping worker keeps idle connections this long: a request may be on its way.
STOP_IDLE_SECONDS = 2.0

# A worker that holds more connections than another gives it this long to accept a new one.
_YIELD_SECONDS = 0.002

_OTHER_FILES = 200  # Of the gateway itself: gRPC, metrics, libraries.

_READABLE = select.EPOLLIN | select.EPOLLONESHOT
_WRITABLE = select.EPOLLOUT | select.EPOLLONESHOT


class Worker(GunicornWorker):  # type: ignore[misc]  # gunicorn has no types.
    """One process of the gateway."""

    def init_process(self) -> None:
        """Set up this process after the fork; gunicorn's base then loads the app and runs it."""
        keep_heap_small()
        settings = self.app.settings
        self._limits = RequestLimits(
            self.cfg,
            TimeLimits(settings.time_budget, settings.upload_seconds, settings.min_upload_rate),
            settings.max_body_bytes,
            UploadMemory(settings.max_upload_bytes),
            self._wants_body,
        )
        self._slot = self.app.metrics.slot
        self._max_connections = _allow_connections(self.cfg.worker_connections)
        self._accepting = threading.Lock()
        self._connections: dict[int, Connection] = {}
        self._poll = select.epoll()
        # gunicorn's own objects forget their sockets when they are closed.
        self._listeners = {each.fileno(): (each.sock, each.getsockname()) for each in self.sockets}
        super().init_process()

    def run(self) -> None:
        """Serve until the worker is stopped; finish the requests in flight; close what is open."""
        self.app.connection_counts.set(self._slot, 0)
        for listener, _ in self._listeners.values():
            listener.setblocking(False)
            self._poll.register(listener, _READABLE)
        for number in range(self.cfg.threads):
            threading.Thread(target=self._work, name=f"worker-{number}", daemon=True).start()
        try:
            while self.alive and self.ppid == os.getppid():
                self._tick()
            self._drain()
        finally:  # SIGINT and SIGQUIT end it by an exception.
            self.app.close()

    def _drain(self) -> None:
        self.alive = False
        with self._accepting:  # A thread that has accepted a connection has registered it by then.
            for listener, _ in self._listeners.values():
                self._poll.unregister(listener)
                listener.close()
        self.app.connection_counts.remove(self._slot)
        begun, settings = time.monotonic(), self.app.settings
        seconds = settings.drain_seconds
        # A request that arrives in the end still has to be answered.
        receiving = max(seconds - settings.time_budget, seconds / 2)
        for connection in list(self._connections.values()):
            connection.stop_at(begun + STOP_IDLE_SECONDS, begun + receiving)
        while self._connections and time.monotonic() < begun + seconds:
            self._tick()

    def _tick(self) -> None:
        """Show the master that this worker lives; wake connections that have expired."""
        self.notify()
        readable, _, _ = select.select([self.PIPE[0]], [], [], TICK_SECONDS)
        if readable:  # A signal came.
            with contextlib.suppress(BlockingIOError):
                os.read(self.PIPE[0], 4096)
        now = time.monotonic()
        self._limits.memory.drop_slowest(now)
        for connection in list(self._connections.values()):
            if connection.overdue(now):
                self._wake(connection, _WRITABLE)
        self._listen()

    def _listen(self) -> None:
        for listener, _ in self._listeners.values():
            self._wake(listener, _READABLE)

    def _wake(self, waiting: Connection | socket.socket, event: int) -> None:
        """Let one thread handle the next event; `_leave` calls it again if another was busy."""
        with contextlib.suppress(OSError, ValueError):  # Closed meanwhile.
            self._poll.modify(waiting, event)

    def _work(self) -> None:
        while True:
            for descriptor, _ in self._poll.poll(maxevents=1):
                try:
                    if descriptor in self._listeners:
                        self._accept(*self._listeners[descriptor])
                    elif connection := self._connections.get(descriptor):
                        self._advance(connection)
                except Exception:
                    self.log.exception("A connection failed")

    def _accept(self, listener: socket.socket, address: Any) -> None:
        held, counts = len(self._connections), self.app.connection_counts
        if held >= self._max_connections:
            self._make_room()  # Accepting continues after that, or with the next tick.
            return
        counts.set(self._slot, held)
        if held > counts.lowest():
            time.sleep(_YIELD_SECONDS)
        try:
            with self._accepting:
                connected, client = listener.accept()
                connection = Connection(connected, (client, address), self._limits)
                self._connections[connection.fileno()] = connection
                counts.set(self._slot, len(self._connections))
                self._poll.register(connection, _READABLE)
        except (BlockingIOError, ConnectionAbortedError):
            pass  # Another worker has it, or the client is gone.
        except OSError as error:  # Such as too many open files.
            if self.alive:
                self.log.warning("No connection can be accepted: %s", error)
                self._make_room()
            return
        self._listen()

    def _make_room(self) -> None:
        """Close the connections that have been idle the longest."""
        idle = [each for each in list(self._connections.values()) if each.idle]
        for longest in sorted(idle, key=lambda each: each.end)[: 1 + self._max_connections // 50]:
            longest.end = 0.0
            self._wake(longest, _WRITABLE)

    def _wants_body(self, request: Request) -> bool:
        headers = dict(request.headers)
        return bool(self.app.wants_body(request.path, headers.get("AUTHORIZATION")))

    def _advance(self, connection: Connection) -> None:
        """Read what a connection has sent, and answer its requests that are complete."""
        if not connection.lock.acquire(blocking=False):
            return
        try:
            connection.advance()
            while request := connection.request():
                self._serve(connection, request)
        except OSError as error:
            self.log.debug("A client is gone: %s", error)
            connection.abandon()
        except Exception as error:
            self._refuse(connection, error)
        finally:
            self._leave(connection)

    def _leave(self, connection: Connection) -> None:
        """Wait for the connection's next bytes, or close it."""
        if not connection.ended:
            event = _WRITABLE if connection.blocked else _READABLE
            connection.lock.release()
            self._wake(connection, event)
            return
        # It stays locked: a thread with a late event leaves it alone.
        self._connections.pop(connection.fileno(), None)
        connection.close()
        if self.alive:
            self.app.connection_counts.set(self._slot, len(self._connections))
        if len(self._connections) + 1 >= self._max_connections:
            self._listen()

    def _serve(self, connection: Connection, request: IncomingRequest) -> None:
        """Run the app for one request, and send its response in one piece."""
        outbox = _Outbox()
        self.cfg.pre_request(self, request.request)
        response, environ = wsgi.create(
            request.request, outbox, connection.client, connection.server, self.cfg
        )
        environ["wsgi.multithread"] = True
        environ[ARRIVAL] = request.arrival()
        if not self.alive or not request.complete:
            response.force_close()
        pieces = self.wsgi(environ, response.start_response)
        try:
            for piece in pieces:
                response.write(piece)
            response.close()
        finally:
            if hasattr(pieces, "close"):
                pieces.close()
        connection.send(bytes(outbox))
        connection.answered(request, keep=not response.should_close())

    def _refuse(self, connection: Connection, error: Exception) -> None:
        """Answer what is not HTTP, as gunicorn does."""
        outbox = _Outbox()
        self.handle_error(None, outbox, connection.client, error)
        with contextlib.suppress(OSError):
            connection.send(bytes(outbox))
        connection.linger()


def _allow_connections(wanted: int) -> int:
    """Raise the limit of open files; return how many connections the process may have open."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return wanted
    files = wanted + _OTHER_FILES
    possible = files if hard == resource.RLIM_INFINITY else min(files, hard)
    if soft < possible:
        resource.setrlimit(resource.RLIMIT_NOFILE, (possible, hard))
    return max(1, min(wanted, max(soft, possible) - _OTHER_FILES))


class _Outbox(bytearray):
    """Collects a response that gunicorn writes in pieces, so that it is sent in one."""

    sendall = bytearray.extend

    def gettimeout(self) -> float:
        return 0.0  # gunicorn asks; nothing waits here.
