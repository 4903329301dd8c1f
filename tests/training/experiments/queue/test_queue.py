"""Handing out items: once each, in order, until all are done."""

import json
import threading
import time
from pathlib import Path

import optuna
import pytest
from optuna.trial import TrialState

from training.errors import Preempted, TrainingError
from training.experiments.queue import (
    Claim,
    Item,
    Queue,
    Result,
    Timing,
    finished_elsewhere,
    open_queue,
)

FACTS = {"recipe": "clothing-fast"}
ITEMS = [Item({"epochs": 5 * n, "optimizer": None if n else "sgd"}) for n in range(3)]


def opened(storage: str, items: list[Item] = ITEMS, timing: Timing | None = None) -> Queue:
    return open_queue(storage, "study", FACTS, items, "minimize", timing=timing)


def taken(queue: Queue) -> Claim:
    claim = queue.claim()
    assert claim
    return claim


def finish_all(queue: Queue) -> list[int]:
    """Work until nothing is left, and return the positions in the order of work."""
    positions = []
    while claimed := queue.claim():
        with claimed as claim:
            positions.append(claim.position)
            claim.finish(claim.position / 2)
    return positions


def states(queue: Queue) -> list[str]:
    return [result.state for result in queue.results()]


def test_each_item_is_handed_out_once_with_its_params(storage: str) -> None:
    queue, other = opened(storage), opened(storage)
    first, second = taken(queue), taken(other)
    assert (first.position, second.position) == (0, 1)
    assert first.params == {"epochs": 0, "optimizer": "sgd"}
    with first, second:
        assert states(queue) == ["running", "running", "waiting"]
        first.finish(0.25, accuracy=0.5, run="runs/a")
        second.finish(0.75)
    assert finish_all(other) == [2]
    assert queue.claim() is None
    result = opened(storage).results()[0]
    assert (result.state, result.value) == ("done", 0.25)
    assert result.facts == {"accuracy": 0.5, "run": "runs/a"}
    assert result.params == ITEMS[0].params
    assert result.began
    assert result.ended
    assert result.began <= result.ended


def test_an_item_waits_for_those_that_it_rests_on(storage: str) -> None:
    items = [Item({"part": "decay"}, after=(2,)), Item({"part": "alone"}), Item({"part": "trunk"})]
    assert finish_all(opened(storage, items)) == [1, 2, 0]


def test_an_item_that_rests_on_a_failed_one_is_handed_out(storage: str) -> None:
    items = [Item({"n": 0}), Item({"n": 1}, after=(0,))]
    queue = opened(storage, items)
    with pytest.raises(TrainingError), taken(queue):
        raise TrainingError("the loss became NaN")
    assert finish_all(queue) == [1]


@pytest.mark.parametrize("stopped", [KeyboardInterrupt, Preempted, ZeroDivisionError])
def test_an_item_is_given_back_when_the_process_is_stopped(
    storage: str, stopped: type[BaseException]
) -> None:
    queue = opened(storage)
    with pytest.raises(stopped), taken(queue):
        raise stopped
    assert states(queue) == ["waiting"] * 3
    assert finish_all(opened(storage)) == [0, 1, 2]


def test_an_item_is_given_back_when_the_disk_is_full(storage: str) -> None:
    queue = opened(storage)
    with pytest.raises(TrainingError), taken(queue):
        raise TrainingError("no space left") from OSError(28, "No space left on device")
    assert states(queue) == ["waiting"] * 3


def test_an_item_is_given_back_when_a_file_is_damaged(storage: str) -> None:
    queue = opened(storage)
    with pytest.raises(TrainingError), taken(queue):
        raise TrainingError("remove the run") from json.JSONDecodeError("no JSON", "{", 1)
    assert states(queue) == ["waiting"] * 3


def test_an_item_that_fails_has_its_reason_and_is_not_tried_again(storage: str) -> None:
    queue = opened(storage)
    with pytest.raises(TrainingError), taken(queue):
        raise TrainingError("the loss became NaN")
    assert finish_all(opened(storage)) == [1, 2]
    failed = queue.results()[0]
    assert (failed.state, failed.reason, failed.value) == ("failed", "the loss became NaN", None)


def test_a_result_that_is_nan_or_missing_is_a_failure(storage: str) -> None:
    queue = opened(storage)
    with taken(queue) as claim:
        claim.finish(float("nan"))
    with taken(queue):
        pass
    reasons = [result.reason for result in queue.results()]
    assert reasons == ["its result is NaN", "it ended without a result", ""]


def test_what_a_process_says_of_an_item_that_it_has_lost_is_ignored(
    storage: str, timing: Timing
) -> None:
    queue = opened(storage, timing=timing)
    with taken(queue) as late:
        study = optuna.load_study(study_name="study", storage=queue._database.storage)
        trial = next(t for t in study.trials if t.state is TrialState.RUNNING)
        queue._set_lost(trial._trial_id)  # As another process does after the grace period.
        assert sorted(finish_all(opened(storage))) == [0, 1, 2]
        late.report(1, 0.5)
        assert not late.hopeless()
        late.finish(99.0)
    assert [result.value for result in queue.results()] == [0.0, 0.5, 1.0]


def test_an_item_that_takes_long_stays_with_its_process(storage: str, timing: Timing) -> None:
    queue, other = opened(storage, timing=timing), opened(storage, timing=timing)
    done: list[int] = []
    thread = threading.Thread(target=lambda: done.extend(finish_all(other)))
    with taken(queue) as claim:
        thread.start()
        time.sleep(5)  # Longer than without a sign of life.
        claim.finish(7.0)
    thread.join()
    assert done == [1, 2]
    assert queue.results()[0].value == 7.0


def test_a_second_trial_of_an_item_is_not_handed_out(storage: str) -> None:
    queue = opened(storage)
    waiting = queue._study.get_trials()
    with taken(queue) as claim:
        claim.finish(0.25)
    with taken(queue) as claim:
        for trial in waiting[:2]:  # As another process may do that retries the same items.
            queue._study.add_trial(trial)
        with taken(queue) as last:
            assert last.position == 2
            last.finish(1.0)
        claim.finish(0.75)
    assert queue.claim() is None
    assert [result.value for result in queue.results()] == [0.25, 0.75, 1.0]


def test_an_item_whose_process_is_killed_each_time_fails_in_the_end(storage: str) -> None:
    queue = opened(storage, ITEMS[:1])
    for _ in range(6):
        with taken(queue) as claim:
            queue._set_lost(claim._trial_id)
            claim.finish(1.0)
    assert queue.claim() is None
    [result] = queue.results()
    assert (result.state, result.reason) == ("failed", "its process was killed 6 times")


def test_an_item_is_found_by_its_key_in_all_studies(storage: str) -> None:
    assert finished_elsewhere(storage, "abc") is None
    queue = opened(storage)
    with taken(queue) as claim:
        claim.finish(0.5, key="abc", run="runs/a")
    open_queue(storage, "other", FACTS, ITEMS, "maximize")
    found = finished_elsewhere(storage, "abc")
    assert isinstance(found, Result)
    assert (found.value, found.state, found.facts["run"]) == (0.5, "done", "runs/a")
    assert finished_elsewhere(storage, "ab") is None


def test_looking_for_a_key_creates_no_file(tmp_path: Path) -> None:
    assert finished_elsewhere(f"sqlite:///{tmp_path}/none.db", "abc") is None
    assert not list(tmp_path.iterdir())
