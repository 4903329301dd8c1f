"""The metrics of all workers together, right when workers come and go.

Every worker writes its numbers into files of its own, mapped into memory; whoever is asked for the
metrics adds the files up. A worker's files are named after its *place*, the lowest number that no
living worker has, not after its process id: the one that takes a dead worker's place goes on
counting where that one ended, so no count is lost and the files never become more than the workers.
"""

import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

from prometheus_client import values
from prometheus_client.multiprocess import mark_process_dead

from serving.gateway.telemetry.metrics import FOLDER_VARIABLE, worker_page
from serving.gateway.telemetry.metrics_server import MetricsListener

SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 - made by the system for this.


class WorkerMetrics:
    """The files of all workers, and the port where they are shown. Lives in gunicorn's master.

    The port is the master's own: it answers while every worker is busy, and while they drain.
    """

    def __init__(self, bind: str | None) -> None:
        self._bind = bind
        self._owner: int | None = None
        self._folder = ""
        self._place = -1
        self._places: dict[Any, int] = {}
        self._listener: MetricsListener | None = None

    @property
    def place(self) -> int:
        """The place of this worker; in the master, that of the worker forked last."""
        return self._place

    def open(self) -> None:
        """Make the folder and open the port. Before any metric is made, and before any fork.

        Raises:
            OSError: the folder can't be made or the port not be opened.
        """
        self._owner = os.getpid()
        # In memory: no disk stalls a request.
        folder = SHARED_MEMORY if os.access(SHARED_MEMORY, os.W_OK) else None
        self._folder = tempfile.mkdtemp(prefix=f"photolabel-metrics-{os.getpid()}-", dir=folder)
        os.environ[FOLDER_VARIABLE] = self._folder
        # The library has no types here.
        values.ValueClass = values.MultiProcessValue(lambda: self._place)  # type: ignore[no-untyped-call]
        if self._bind:
            try:
                self._listener = MetricsListener(self._bind, worker_page())
            except OSError:
                self.close()
                raise

    def close(self) -> None:
        """Remove the folder and close the port. A worker, which ends in here too, leaves both."""
        if self._owner != os.getpid():
            return
        if self._listener:
            self._listener.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def pre_fork(self, arbiter: Any, worker: Any) -> None:
        """Give a worker its place; gunicorn's hook in the master."""
        taken = set(self._places.values())
        self._place = next(place for place in range(len(taken) + 1) if place not in taken)
        self._places[worker] = self._place

    def post_fork(self, arbiter: Any, worker: Any) -> None:
        """Leave the port to the master; gunicorn's hook in the worker."""
        if self._listener:
            self._listener.leave()

    def child_exit(self, arbiter: Any, worker: Any) -> int:
        """Free a dead worker's place, forget what it had in flight, and return the place."""
        place = self._places.pop(worker)
        mark_process_dead(place, self._folder)  # type: ignore[no-untyped-call]
        return place
