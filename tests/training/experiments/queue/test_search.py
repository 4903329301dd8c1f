"""Searches: as many trials as asked for, the same each time, and hopeless ones end early."""

from typing import Any

import pytest

from training.experiments.queue import Choices, Claim, Queue, Range, open_search

SPACE: dict[str, Range | Choices] = {
    "learning_rate": Range(1e-4, 1.0, log=True),
    "units": Range(10, 200, whole=True),
    "optimizer": Choices(("adam", "sgd", None)),
}


def opened(storage: str, name: str = "search", trials: int = 12, **given: Any) -> Queue:
    settings: dict[str, Any] = {"seed": 1, "pruning": None} | given
    return open_search(storage, name, {}, SPACE, trials, "minimize", **settings)


def taken(queue: Queue) -> Claim:
    claim = queue.claim()
    assert claim
    return claim


def work(queue: Queue, trials: int = 999, epochs: tuple[int, ...] = (9,)) -> None:
    """Finish some trials of a search for a learning rate of 0.01."""
    for _ in range(trials):
        claimed = queue.claim()
        if claimed is None:
            return
        with claimed as claim:
            loss = abs(float(str(claim.params["learning_rate"])) - 0.01)
            for epoch in epochs:
                claim.report(epoch, loss + 1 / epoch)
                if claim.hopeless():
                    break
            claim.finish(loss + 1 / epoch, epochs=epoch)


def test_settings_are_in_the_space_and_as_many_as_asked_for(storage: str) -> None:
    work(opened(storage))
    results = opened(storage).results()
    assert [result.state for result in results] == ["done"] * 12
    for result in results:
        assert 1e-4 <= float(str(result.params["learning_rate"])) <= 1
        assert result.params["units"] in range(10, 201)
        assert result.params["optimizer"] in ("adam", "sgd", None)
    assert len({str(result.params) for result in results}) == 12


def test_the_same_seed_gives_the_same_settings_also_if_resumed(storage: str) -> None:
    work(opened(storage))
    work(opened(storage, "again"), trials=11)
    work(opened(storage, "again"))
    work(opened(storage, "other seed", seed=2))
    params = {
        name: [result.params for result in opened(storage, name, **seed).results()]
        for name, seed in {"search": {}, "again": {}, "other seed": {"seed": 2}}.items()
    }
    assert params["search"] == params["again"]
    assert params["search"] != params["other seed"]


def test_hopeless_trials_end_early_and_count(storage: str) -> None:
    queue = opened(storage, trials=20, pruning=(1, 9))
    work(queue, epochs=(1, 3, 9))
    results = queue.results()
    pruned = [result for result in results if result.state == "pruned"]
    done = [result for result in results if result.state == "done"]
    assert len(pruned) + len(done) == 20
    assert min(result.facts["epochs"] for result in pruned) == 1
    assert all(result.facts["epochs"] == 9 for result in done)
    assert pruned[0].value is not None


def test_a_hopeless_trial_without_a_result_has_the_last_value_reported(storage: str) -> None:
    queue = opened(storage, trials=20, pruning=(1, 9))
    work(queue, trials=19, epochs=(1, 3, 9))
    with taken(queue) as claim:
        claim.report(1, 1e6)
        assert claim.hopeless()
    assert (queue.results()[-1].state, queue.results()[-1].value) == ("pruned", 1e6)


def test_a_search_given_back_keeps_its_settings(storage: str) -> None:
    queue = opened(storage, trials=2)
    with pytest.raises(KeyboardInterrupt), taken(queue) as claim:
        raise KeyboardInterrupt
    with taken(queue) as again:
        assert again.params == claim.params
        again.finish(1.0)


def test_a_larger_number_of_trials_continues_the_search(storage: str) -> None:
    work(opened(storage, trials=2))
    work(opened(storage, trials=5))
    assert len(opened(storage, trials=3).results()) == 5
