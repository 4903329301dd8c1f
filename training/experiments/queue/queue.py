"""A study whose items processes take, one at a time each, until all are done."""

import functools
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress

import optuna
from optuna.exceptions import StorageInternalError, UpdateFinishedTrialError
from optuna.trial import FrozenTrial, TrialState

from training.experiments.queue.claim import FACTS, LOST, POSITION, REASON, Claim
from training.experiments.queue.items import Item, Param, Result, State
from training.experiments.queue.locks import ItemLock, take_lock
from training.experiments.queue.search import Search
from training.experiments.queue.storage import Database

RETRIES = 5
"""How often an item is tried again after its process was killed."""

STATES: dict[TrialState, State] = {
    TrialState.COMPLETE: "done",
    TrialState.PRUNED: "pruned",
    TrialState.FAIL: "failed",
    TrialState.RUNNING: "running",
    TrialState.WAITING: "waiting",
}


class Queue:
    """The items of a study, for this process and any others.

    Each try of an item is a trial. A trial whose process was killed has failed, and is followed by
    another one. Should there be several, which happens if processes are killed in the wrong moment,
    only the first that has not failed is ever handed out: so no item is worked on twice.

    Args:
        database: with the study.
        name: of the study.
        items: all of them, in order; empty for a search.
        search: that chooses the settings.
    """

    def __init__(
        self, database: Database, name: str, items: Sequence[Item], search: Search | None = None
    ) -> None:
        self._database = database
        self._storage = database.storage
        self._name = name
        self._items = items
        self._search = search
        self._study = optuna.load_study(study_name=name, storage=database.storage)
        self._suspects: dict[int, float] = {}

    def claim(self) -> Claim | None:
        """Take an item that nobody works on; wait while there is none but others still work.

        Returns:
            The item, to be used in a `with` statement at once; None if all are done or failed.

        Raises:
            TrainingError: the database stays away.
        """
        while True:
            tries = self._tries()
            if self._retry_lost(tries):
                continue
            over = {position for position, trial in tries.items() if trial.state.is_finished()}
            if len(over) == len(tries):
                return None
            for position, trial in tries.items():
                if trial.state is TrialState.WAITING and over.issuperset(self._after(position)):
                    claim = self._take(trial, position)
                    if claim:
                        return claim
            time.sleep(self._database.timing.poll)

    def results(self) -> list[Result]:
        """Return what is known of each item, in order.

        Raises:
            TrainingError: the database stays away.
        """
        return [self._result(position, trial) for position, trial in self._tries().items()]

    def _tries(self) -> dict[int, FrozenTrial]:
        """Return the trial of each item that counts: the first that has not failed, or the last."""
        trials = self._database.retried(lambda: self._study.get_trials(deepcopy=False))
        tries: dict[int, FrozenTrial] = {}
        for trial in trials:
            position = trial.user_attrs.get(POSITION)
            if position is not None and (
                position not in tries or tries[position].state is TrialState.FAIL
            ):
                tries[position] = trial
        return dict(sorted(tries.items()))

    def _after(self, position: int) -> Sequence[int]:
        return self._items[position].after if self._items else ()

    def _take(self, trial: FrozenTrial, position: int) -> Claim | None:
        """Return the claim, or None if another process was faster."""
        lock = self._lock(trial)
        if self._database.locks and not lock:
            return None
        taken = False
        try:
            taken = self._database.retried(lambda: self._set_running(trial._trial_id))
            if taken:
                params, prune = self._params(trial, position)
                return Claim(self._database, trial._trial_id, position, params, lock, prune)
        except BaseException:
            if taken:
                with suppress(StorageInternalError, UpdateFinishedTrialError):
                    self._storage.set_trial_state_values(trial._trial_id, TrialState.WAITING)
            if lock:
                lock.release()
            raise
        if lock:
            lock.release()
        return None

    def _lock(self, trial: FrozenTrial) -> ItemLock | None:
        locks = self._database.locks
        return take_lock(locks / str(trial._trial_id)) if locks else None

    def _set_running(self, trial_id: int) -> bool:
        # First the sign of life: a process killed between the two would never be missed.
        self._storage.record_heartbeat(trial_id)
        try:
            return self._storage.set_trial_state_values(trial_id, TrialState.RUNNING)
        except UpdateFinishedTrialError:
            return False

    def _params(
        self, trial: FrozenTrial, position: int
    ) -> tuple[Mapping[str, Param], Callable[[], bool]]:
        search = self._search
        if search is None:
            return self._items[position].params, lambda: False
        return self._database.retried(
            lambda: search.sample(self._storage, self._name, trial._trial_id, position)
        )

    def _retry_lost(self, tries: Mapping[int, FrozenTrial]) -> bool:
        """Let items whose processes were killed be tried again; return whether there were some."""
        running = {t._trial_id: t for t in tries.values() if t.state is TrialState.RUNNING}
        lost = [t for t in running.values() if self._is_dead(t)]
        lost += [running[i] for i in self._silent(running) if running[i] not in lost]
        for trial in lost:
            self._database.retried(functools.partial(self._set_lost, trial._trial_id))
        again = lost or any(_was_lost(trial) for trial in tries.values())
        return bool(again) and self._database.retried(self._add_again)

    def _is_dead(self, trial: FrozenTrial) -> bool:
        """Return whether the process that works on a trial is gone, if it was on this disk."""
        lock = self._lock(trial)
        if lock:
            lock.release()
        return lock is not None

    def _silent(self, running: Mapping[int, FrozenTrial]) -> list[int]:
        """Return the trials without a sign of life, twice: perhaps the database was just away."""
        if not running:
            return []
        study_id = self._study._study_id
        stale = self._database.retried(lambda: self._storage._get_stale_trial_ids(study_id))
        now = time.monotonic()
        self._suspects = {i: self._suspects.get(i, now) for i in stale if i in running}
        wait = 2 * self._database.timing.heartbeat
        return [i for i, since in self._suspects.items() if now - since > wait]

    def _set_lost(self, trial_id: int) -> None:
        try:
            self._storage.set_trial_user_attr(trial_id, LOST, True)
            self._storage.set_trial_state_values(trial_id, TrialState.FAIL)
        except UpdateFinishedTrialError:  # It has ended meanwhile.
            pass

    def _add_again(self) -> bool:
        """Add a trial for each item whose last one was lost; return whether there were some."""
        with self._database.creating():
            lost = [trial for trial in self._tries().values() if _was_lost(trial)]
            for trial in lost:
                self._study.add_trial(_again(trial))
        return bool(lost)

    def _result(self, position: int, trial: FrozenTrial) -> Result:
        attributes = trial.user_attrs
        killed = f"its process was killed {RETRIES + 1} times" if attributes.get(LOST) else ""
        failed = trial.state is TrialState.FAIL
        return Result(
            position,
            self._items[position].params if self._items else trial.params,
            STATES[trial.state],
            trial.value,
            attributes.get(FACTS, {}),
            attributes.get(REASON, killed) if failed else "",
            trial.datetime_start,
            trial.datetime_complete,
        )


RETRY = "retry"
"""The attribute of a trial that says how many were lost before it."""


def _was_lost(trial: FrozenTrial) -> bool:
    return (
        trial.state is TrialState.FAIL
        and trial.user_attrs.get(LOST, False)
        and REASON not in trial.user_attrs
        and trial.user_attrs.get(RETRY, 0) < RETRIES
    )


def _again(trial: FrozenTrial) -> FrozenTrial:
    """Return another trial of the same item, which keeps what was reported."""
    position, retry = trial.user_attrs[POSITION], trial.user_attrs.get(RETRY, 0) + 1
    return optuna.trial.create_trial(
        state=TrialState.WAITING,
        params=trial.params,
        distributions=trial.distributions,
        user_attrs={POSITION: position, RETRY: retry},
        intermediate_values=trial.intermediate_values,
    )
