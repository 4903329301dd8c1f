"""A gunicorn worker whose threads handle complete requests and never wait for a slow client.

gunicorn's own threads block while they read heads and bodies, so a few hundred slow senders hold
all of them. Here every thread waits for any connection (`epoll`, one event for one thread; Linux
only), and reads what has arrived. A complete request takes its turn (`request_queue`): the thread
that read its last byte runs the app and sends the response or, if all turns are taken, the thread
that ends one.
"""

import contextlib
import os
import select
import socket
import threading
import time
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Any

from gunicorn.workers.base import Worker as GunicornWorker

from serving.gateway.server.app_call import Outbox, run_app, takes_a_turn, turn_key
from serving.gateway.server.connection import Connection
from serving.gateway.server.connection_counts import allow_connections
from serving.gateway.server.malloc import keep_heap_small
from serving.gateway.server.request_queue import Overloaded, RequestQueue

TICK_SECONDS = 0.1

# A stopping worker keeps idle connections this long: a request may be on its way.
STOP_IDLE_SECONDS = 2.0

# A worker that holds more connections than another gives it this long to accept a new one.
_YIELD_SECONDS = 0.002

_READABLE = select.EPOLLIN | select.EPOLLONESHOT
_WRITABLE = select.EPOLLOUT | select.EPOLLONESHOT
_ENDS = select.EPOLLRDHUP | select.EPOLLHUP | select.EPOLLERR
_GONE = select.EPOLLRDHUP | select.EPOLLONESHOT


class Worker(GunicornWorker):  # type: ignore[misc]  # gunicorn has no types.
    """One process of the gateway."""

    def init_process(self) -> None:
        """Set up this process after the fork; gunicorn's base then loads the app and runs it."""
        keep_heap_small()
        settings = self.app.settings
        self._limits = self.app.request_limits()
        self._slot = self.app.metrics.slot
        self._max_connections = allow_connections(self.cfg.worker_connections)
        self._accepting = threading.Lock()
        self._connections: dict[int, Connection] = {}
        self._queue: RequestQueue[Connection] = RequestQueue(
            settings.max_in_flight,
            settings.max_wait,
            min(settings.max_decodes, len(os.sched_getaffinity(0)) / settings.workers),
            self.app.report_waiting,
        )
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
        while self._connections and (now := time.monotonic()) < begun + seconds:
            for connection in list(self._connections.values()):
                connection.stop_at(now + STOP_IDLE_SECONDS, begun + receiving)
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
            for descriptor, event in self._poll.poll(maxevents=1):
                try:
                    if descriptor in self._listeners:
                        self._accept(*self._listeners[descriptor])
                    elif connection := self._connections.get(descriptor):
                        self._advance(connection, event)
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

    def _advance(self, connection: Connection, event: int) -> None:
        """Read what a connection has sent, and answer its requests that are complete."""
        if not connection.lock.acquire(blocking=False):
            if event & _ENDS and self._queue.remove(connection):  # The client has gone meanwhile.
                connection.abandon()
                self._leave(connection)
            return
        if self._attempt(connection, connection.advance) and self._start(connection):
            self._run_requests(connection)

    def _start(self, connection: Connection) -> bool:
        """Return whether a connection's request may run now; else it waits, or there is none."""
        while request := connection.request():
            if takes_a_turn(request):
                try:
                    key = turn_key(request) if self.app.settings.fair_keys else ""
                    answer_by, size = request.answer_by, request.size
                    gone = partial(self._wake, connection, _GONE)
                    return self._queue.start_or_enqueue(connection, answer_by, size, key, gone)
                except Overloaded as overload:
                    request.expected_wait = overload.expected
            if not self._attempt(connection, partial(self._serve, connection)):
                return False
        self._leave(connection)
        return False

    def _run_requests(self, connection: Connection) -> None:
        """Run a connection's request, then those that have waited for their turn."""
        started = deque([connection])
        while started:
            current = started.popleft()
            began = time.thread_time()
            served = self._attempt(current, partial(self._serve, current))
            if following := self._queue.finish(current, time.thread_time() - began):
                started.append(following)
            if served and self._start(current):
                started.append(current)

    def _attempt(self, connection: Connection, action: Callable[[], None]) -> bool:
        """Do something with a connection; return whether it is still usable."""
        try:
            action()
        except OSError as error:
            self.log.debug("A client is gone: %s", error)
            connection.abandon()
        except Exception as error:
            self._refuse(connection, error)
        else:
            return True
        self._leave(connection)
        return False

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

    def _serve(self, connection: Connection) -> None:
        """Run the app for a connection's request, and send its response in one piece."""
        request = connection.request()
        if request is None:
            return
        response, keep = run_app(self.wsgi, self.cfg, connection, request, self._stopping)
        connection.send(response)
        connection.answered(request, keep=keep)

    def _stopping(self) -> bool:
        """Return whether clients should find another connection: this worker is about to stop."""
        return not self.alive or self.app.draining()

    def _refuse(self, connection: Connection, error: Exception) -> None:
        """Answer what is not HTTP, as gunicorn does."""
        outbox = Outbox()
        self.handle_error(None, outbox, connection.client, error)
        with contextlib.suppress(OSError):
            connection.send(bytes(outbox))
        connection.linger()
