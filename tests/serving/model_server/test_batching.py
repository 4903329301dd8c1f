"""Calls that queue up behind a batch, with a signature that computes only when it is let."""

import random
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
import numpy as np
import pytest

from serving.model_server.batching import BatchedRunner
from serving.model_server.errors import ServingError
from serving.model_server.options import BatchSettings
from tests.serving.model_server.doubling import BAD, Caller, Doubling
from tests.serving.model_server.tiny import SECONDS

Call = Callable[..., Caller]


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(32) as pool:
        yield pool


@pytest.fixture
def doubling() -> Iterator[Doubling]:
    doubling = Doubling(sum=(), first=(-1, -1))
    yield doubling
    doubling.gate.set()  # Calls that a failed test has left waiting.


@pytest.fixture
def batched(pool: ThreadPoolExecutor, doubling: Doubling) -> Callable[..., Call]:
    """Return a maker of functions that call one runner, whose first batch is under way."""

    def batched(busy: bool = True, **settings: Any) -> Call:
        runner = BatchedRunner(doubling, BatchSettings(**({"num_batch_threads": 1} | settings)))

        def call(*numbers: int, **options: Any) -> Caller:
            return Caller(pool, runner, numbers, **options)

        if busy:
            call(0)
            doubling.wait_until_begun()
        return call

    return batched


def test_an_idle_server_does_not_wait(batched: Callable[..., Call], doubling: Doubling) -> None:
    call = batched(busy=False)
    doubling.gate.set()
    assert all(call(number).doubled() for number in (1, 2, 3))
    assert doubling.batches == [[1], [2], [3]]


def test_what_queues_up_is_computed_together(
    batched: Callable[..., Call], doubling: Doubling
) -> None:
    call = batched()
    callers = [call(*numbers).wait_until_queued() for numbers in ((1, 2), (), (3,), (4, 5, 6))]
    doubling.gate.set()
    assert all(caller.doubled() for caller in callers)
    assert doubling.batches == [[0], [1, 2, 3, 4, 5, 6]]


def test_a_batch_is_filled_and_never_larger_than_allowed(
    batched: Callable[..., Call], doubling: Doubling
) -> None:
    call = batched(max_batch_size=4)
    callers = [call(*n).wait_until_queued() for n in ((1, 1, 1), (2, 2, 2), (3,), (4,) * 9)]
    doubling.gate.set()
    assert all(caller.doubled() for caller in callers)
    assert doubling.batches == [[0], [1, 1, 1, 3], [2, 2, 2], [4] * 9]


def test_only_equal_outputs_and_shapes_are_joined(
    batched: Callable[..., Call], doubling: Doubling
) -> None:
    call = batched()
    options: list[dict[str, Any]] = [{}, {"columns": 3}, {"outputs": ["double", "double"]}]
    callers = [call(n, **options[n % 3]).wait_until_queued() for n in range(1, 7)]
    doubling.gate.set()
    for caller in callers:
        result = caller.answer.result(SECONDS)[0]
        np.testing.assert_array_equal(result, caller.numbers.astype(int) * 2)
    assert doubling.batches == [[0], [1, 4], [2, 5], [3, 6]]


@pytest.mark.parametrize(("settings", "output"), [({}, "sum"), ({"enabled": False}, "double")])
def test_what_cannot_or_shall_not_be_split_is_computed_alone(
    batched: Callable[..., Call], doubling: Doubling, settings: dict[str, Any], output: str
) -> None:
    call = batched(**settings)
    callers = [call(n, outputs=[output]) for n in (1, 2)]
    for _ in callers:
        doubling.wait_until_begun()  # Beside the first: such a call waits for nobody.
    doubling.gate.set()
    for caller in callers:
        caller.answer.result(SECONDS)
    assert sorted(doubling.batches) == [[0], [1], [2]]


def test_an_output_that_turns_out_to_be_no_batch_is_no_longer_joined(
    batched: Callable[..., Call], doubling: Doubling
) -> None:
    call = batched()
    callers = [call(n, outputs=["first"]).wait_until_queued() for n in (1, 2)]
    doubling.gate.set()
    assert [caller.answer.result(SECONDS)[0][0, 0] for caller in callers] == [1, 2]
    assert doubling.batches == [[0], [1, 2], [1], [2]]
    doubling.gate.clear()
    callers = [call(n, outputs=["first"]) for n in (3, 4)]
    for _ in range(5):  # Three of them have begun before.
        doubling.wait_until_begun()
    doubling.gate.set()


def test_an_error_is_only_its_own_calls(batched: Callable[..., Call], doubling: Doubling) -> None:
    call = batched()
    innocent, guilty, other = (call(n).wait_until_queued() for n in (1, BAD, 2))
    doubling.gate.set()
    assert guilty.refusal() == (grpc.StatusCode.INVALID_ARGUMENT, "a bad number")
    assert innocent.doubled()
    assert other.doubled()
    assert doubling.batches == [[0], [1, BAD, 2], [1], [BAD], [2]]


def test_a_wrong_call_is_refused_before_it_joins(
    pool: ThreadPoolExecutor, doubling: Doubling
) -> None:
    runner = BatchedRunner(doubling, BatchSettings(num_batch_threads=1))
    Caller(pool, runner, [0])
    doubling.wait_until_begun()
    with pytest.raises(ServingError, match="Expects"):
        runner.run({"image": np.zeros((1, 2), np.float32)}, ["double"])


def test_a_call_whose_time_ends_in_the_queue_leaves_it(
    batched: Callable[..., Call], doubling: Doubling
) -> None:
    call = batched()
    late = call(1, seconds=0.01)
    assert late.refusal() == (grpc.StatusCode.DEADLINE_EXCEEDED, "Deadline Exceeded")
    patient = call(2).wait_until_queued()
    doubling.gate.set()
    assert patient.doubled()
    assert doubling.batches == [[0], [2]]


@pytest.mark.parametrize("index", [0, 1])
def test_a_call_that_was_cancelled_in_the_queue_is_not_computed(
    batched: Callable[..., Call], doubling: Doubling, index: int
) -> None:
    call = batched()
    callers = [call(n).wait_until_queued() for n in (1, 2)]
    callers[index].seconds = 0.0
    doubling.gate.set()
    assert callers[index].refusal()[0] == grpc.StatusCode.DEADLINE_EXCEEDED
    assert callers[1 - index].doubled()
    assert doubling.batches == [[0], [2 - index]]


def test_a_full_queue_refuses_as_tensorflow_serving(
    batched: Callable[..., Call], doubling: Doubling
) -> None:
    call = batched(max_batch_size=2, max_enqueued_batches=2)
    # The second is more than the queue holds, yet counts as one batch.
    callers = [call(*numbers).wait_until_queued() for numbers in ([1, 1], [2] * 9)]
    assert call(3).refusal() == (
        grpc.StatusCode.UNAVAILABLE,
        "The batch scheduling queue to which this task was submitted is full; "
        "currently 2 batches enqueued and max_enqueued_batches is 2",
    )
    doubling.gate.set()
    assert all(caller.doubled() for caller in callers)
    assert call(4).doubled()


def test_several_batches_are_computed_at_once(
    batched: Callable[..., Call], doubling: Doubling
) -> None:
    call = batched(num_batch_threads=2)
    beside = call(1)
    doubling.wait_until_begun()
    waiting = call(2).wait_until_queued()
    assert len(doubling.batches) == 2
    doubling.gate.set()
    assert beside.doubled()
    assert waiting.doubled()


def test_with_a_timeout_a_full_batch_goes_at_once(
    batched: Callable[..., Call], doubling: Doubling
) -> None:
    call = batched(busy=False, max_batch_size=3, batch_timeout_micros=int(SECONDS * 10e6))
    doubling.gate.set()
    callers = [call(7) for _ in range(3)]
    assert all(caller.doubled() for caller in callers)
    assert doubling.batches == [[7, 7, 7]]


def test_with_a_timeout_a_lonely_call_waits_no_longer(
    batched: Callable[..., Call], doubling: Doubling
) -> None:
    call = batched(busy=False, num_batch_threads=2, batch_timeout_micros=1000)
    doubling.gate.set()
    assert call(7).doubled()
    assert doubling.batches == [[7]]


@pytest.mark.parametrize("timeout", [0, 200])
def test_nothing_is_lost_in_a_crowd(
    pool: ThreadPoolExecutor, doubling: Doubling, timeout: int
) -> None:
    settings = BatchSettings(
        max_batch_size=8,
        num_batch_threads=2,
        max_enqueued_batches=2,
        batch_timeout_micros=timeout,
    )
    runner = BatchedRunner(doubling, settings)
    doubling.gate.set()
    dice = random.Random(1)
    callers = []
    for _ in range(3000):
        numbers = [dice.randrange(100)] * dice.randrange(5)
        # The deadline of some passes at any moment.
        seconds = dice.random() * 1e-3 if dice.random() < 0.3 else SECONDS
        callers.append(Caller(pool, runner, numbers, seconds=seconds))
    codes = {grpc.StatusCode.DEADLINE_EXCEEDED, grpc.StatusCode.UNAVAILABLE}
    for caller in callers:
        error = caller.answer.exception(SECONDS)
        if error is None:
            assert caller.doubled()
        else:
            assert isinstance(error, ServingError)
            assert error.code in codes
    for _ in range(settings.num_batch_threads + 1):  # All leaders are done.
        assert Caller(pool, runner, [1]).doubled()
