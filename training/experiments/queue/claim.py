"""An item in the hands of this process: signs of life, its course, and its end."""

import math
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from json import JSONDecodeError
from types import TracebackType
from typing import Any, Self

from optuna.exceptions import StorageInternalError, UpdateFinishedTrialError
from optuna.trial import TrialState
from sqlalchemy.exc import SQLAlchemyError

from training.errors import TrainingError
from training.experiments.queue.items import Param
from training.experiments.queue.locks import ItemLock
from training.experiments.queue.storage import Database

FACTS, REASON, POSITION, LOST = "facts", "reason", "position", "lost"
"""The attributes that a trial has in the study."""

SHORT = 5.0
"""Seconds with a database that is away when the process has to stop."""


class Claim:
    """An item that this process works on until the `with` block ends.

    `finish` makes it done. If the block is left without, by Ctrl-C, SIGTERM or an error of the
    machine, it is given back; by a TrainingError of its own it has failed.

    Should this process not have shown a sign of life for so long that another one took the item
    (a suspended machine), everything it still says of the item is ignored.

    Attributes:
        position: in the queue, from 0.
        params: of the item.
    """

    def __init__(
        self,
        database: Database,
        trial_id: int,
        position: int,
        params: Mapping[str, Param],
        lock: ItemLock | None,
        prune: Callable[[], bool],
    ) -> None:
        self.position = position
        self.params = params
        self._database = database
        self._storage = database.storage
        self._trial_id = trial_id
        self._lock = lock
        self._prune = prune
        self._last: float | None = None
        self._pruned = False
        self._over = False
        self._stop = threading.Event()
        self._heart = threading.Thread(target=self._beat, daemon=True)
        self._heart.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            if not self._over:
                self._leave(error)
        finally:
            self._stop.set()
            self._heart.join(SHORT)
            if self._lock:
                self._lock.release()

    def report(self, step: int, value: float) -> None:
        """Note the objective after a step (an epoch, from 1)."""
        self._last = value
        self._write(lambda: self._storage.set_trial_intermediate_value(self._trial_id, step, value))

    def hopeless(self) -> bool:
        """Return whether the values reported are too bad to go on; never without a search.

        The item then ends as `pruned`, with the value of `finish` or the last one reported.
        """
        self._pruned = self._pruned or self._database.retried(self._prune)
        return self._pruned

    def finish(self, value: float, **facts: Any) -> None:
        """Make the item done.

        Args:
            value: of the objective. With NaN, the item has failed.
            facts: whatever else is known, as JSON: `Result.facts`.
        """
        if math.isnan(value):
            self._fail("its result is NaN")
            return
        self._end(TrialState.PRUNED if self._pruned else TrialState.COMPLETE, value, FACTS, facts)

    def _leave(self, error: BaseException | None) -> None:
        """End an item that has no result."""
        if error is None and self._pruned and self._last is not None:
            self.finish(self._last)
        elif error is None:
            self._fail("it ended without a result")
        elif isinstance(error, TrainingError) and not _of_machine(error):
            self._fail(str(error))
        else:
            with suppress(TrainingError):  # The error that ends the command is more important.
                self._give_back()

    def _give_back(self) -> None:
        self._write(
            lambda: self._storage.set_trial_state_values(self._trial_id, TrialState.WAITING), SHORT
        )

    def _fail(self, reason: str) -> None:
        self._end(TrialState.FAIL, None, REASON, reason)

    def _end(self, state: TrialState, value: float | None, noted: str, what: object) -> None:
        values = None if value is None else [value]

        def end() -> None:
            self._storage.set_trial_user_attr(self._trial_id, noted, what)
            if isinstance(what, dict) and isinstance(what.get("key"), str):
                self._storage.set_trial_user_attr(self._trial_id, "key", what["key"])
            self._storage.set_trial_state_values(self._trial_id, state, values)

        self._write(end)
        self._over = True

    def _write(self, action: Callable[[], object], retry_seconds: float | None = None) -> None:
        with suppress(UpdateFinishedTrialError):  # Another process has the item.
            self._database.retried(action, retry_seconds)

    def _beat(self) -> None:
        """Show signs of life; while the database is away, later."""
        while not self._stop.wait(self._database.timing.heartbeat):
            with suppress(StorageInternalError, SQLAlchemyError):
                self._storage.record_heartbeat(self._trial_id)
        self._storage.remove_session()


def _of_machine(error: TrainingError) -> bool:
    """Return whether a full disk, a damaged file, or else something that can be repaired failed."""
    of_machine = OSError | JSONDecodeError | UnicodeError | StorageInternalError | SQLAlchemyError
    return isinstance(error.__cause__, of_machine)
