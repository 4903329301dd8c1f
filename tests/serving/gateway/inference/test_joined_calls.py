"""Calls that requests share: what travels together, and what each request keeps for itself."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

from serving.deadline import Deadline
from serving.gateway.inference import joined_calls
from serving.gateway.inference.joined_calls import JoinedCalls
from serving.gateway.model_client.contract import Prediction
from serving.gateway.model_client.grpc_errors import RequestRefused
from serving.gateway.model_client.model_ref import ModelRef
from serving.gateway.telemetry.tracing import Trace
from serving.http_errors import (
    DeadlineExceeded,
    InternalError,
    ModelServerUnavailable,
    UnknownVersion,
)

MODEL = ModelRef("clothing")


class Source:
    """Returns each photo's first value as its probability; a test holds calls and lets them go."""

    def __init__(self) -> None:
        self.calls: list[list[int]] = []
        self.refs: list[ModelRef] = []
        self.free = threading.Semaphore(0)
        self.held = threading.Semaphore(0)
        self.answer: Callable[[np.ndarray], None] = lambda pixels: None

    def predict(self, ref: ModelRef, pixels: np.ndarray, deadline: Deadline) -> Prediction:
        values = pixels[:, 0, 0, 0]
        self.calls.append(values.tolist())
        self.refs.append(ref)
        self.held.release()
        if not self.free.acquire(timeout=deadline.remaining()):
            raise DeadlineExceeded("late")
        self.answer(pixels)
        return Prediction(3, values[:, None].astype(np.float32), values > 100)


class Requests:
    """Sends requests from threads of their own, each in the queue before the next."""

    def __init__(self, source: Source, max_photos: int = 8) -> None:
        self.source = source
        self.joined = JoinedCalls(source, max_photos)  # type: ignore[arg-type]
        self._pool = ThreadPoolExecutor(32)

    def send(
        self,
        *values: int,
        seconds: float = 20,
        ref: ModelRef = MODEL,
        trace: Trace | None = None,
        size: int = 2,
    ) -> "Future[Prediction]":
        pixels = np.zeros((len(values), size, size, 1), np.uint8)
        pixels[:, 0, 0, 0] = values
        trace = trace or Trace("classify", {})
        deadline = Deadline(seconds, trace.metadata)
        sent = self._pool.submit(self.joined.predict, ref, pixels, deadline, trace)
        time.sleep(0.02)
        return sent


@pytest.fixture(autouse=True)
def _no_early_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(joined_calls, "MAX_WAIT_SECONDS", 10.0)


@pytest.fixture
def source() -> Source:
    return Source()


def values(prediction: Prediction) -> list[float]:
    return prediction.probabilities[:, 0].tolist()


def test_photos_that_wait_go_in_one_call_when_the_last_has_ended(source: Source) -> None:
    requests = Requests(source)
    sent = [requests.send(1), requests.send(2, 3), requests.send(204)]
    assert source.calls == [[1]]
    source.free.release(2)
    results = [each.result(10) for each in sent]
    assert source.calls == [[1], [2, 3, 204]]
    assert [values(each) for each in results] == [[1], [2, 3], [204]]
    assert [each.recognized.tolist() for each in results if each.recognized is not None] == [
        [False],
        [False, False],
        [True],
    ]
    assert {each.version for each in results} == {3}


def test_a_full_batch_does_not_wait_and_is_never_exceeded(source: Source) -> None:
    requests = Requests(source, max_photos=4)
    sent = [requests.send(number) for number in range(1, 7)]
    assert source.calls == [[1], [2, 3, 4, 5]]
    sent.append(requests.send(7, 8, 9))
    sent.append(requests.send(*range(10, 20)))
    assert source.calls[2:] == [[6, 7, 8, 9], list(range(10, 20))]
    source.free.release(10)
    assert [values(each.result(10))[0] for each in sent] == [1, 2, 3, 4, 5, 6, 7, 10]


def test_a_maximum_of_one_joins_nothing(source: Source) -> None:
    requests = Requests(source, max_photos=1)
    for number in range(3):
        requests.send(number)
    assert source.calls == [[0], [1], [2]]
    source.free.release(3)


def test_other_models_versions_and_shapes_are_not_joined(source: Source) -> None:
    requests = Requests(source)
    requests.send(1)
    requests.send(2, ref=ModelRef("clothing", 4))
    requests.send(3, ref=ModelRef("clothing", label="canary"))
    requests.send(4, size=3)
    assert source.calls == [[1], [2], [3], [4]]
    source.free.release(4)


def test_a_slow_call_holds_the_others_back_for_a_moment_only(
    source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(joined_calls, "MAX_WAIT_SECONDS", 0.05)
    requests = Requests(source)
    sent = [requests.send(1), requests.send(2), requests.send(3)]
    for _ in range(2):
        assert source.held.acquire(timeout=10)
    assert source.calls == [[1], [2, 3]]
    source.free.release(2)
    assert [values(each.result(10)) for each in sent] == [[1], [2], [3]]


def test_each_request_keeps_its_own_deadline(source: Source) -> None:
    requests = Requests(source)
    first = requests.send(1)
    short, long = requests.send(2, seconds=0.2), requests.send(3)
    with pytest.raises(DeadlineExceeded):
        short.result(10)  # While it waits.
    assert not long.done()
    source.free.release()
    assert source.held.acquire(timeout=10)
    assert source.held.acquire(timeout=10)
    assert source.calls == [[1], [3]]
    source.free.release()
    assert [values(each.result(10)) for each in (first, long)] == [[1], [3]]


def test_who_has_time_left_goes_again_after_the_deadline_of_who_leads(source: Source) -> None:
    requests = Requests(source)
    first, leader, follower = requests.send(1), requests.send(2, seconds=0.3), requests.send(3)
    source.free.release()
    assert values(first.result(10)) == [1]
    with pytest.raises(DeadlineExceeded):
        leader.result(10)
    source.free.release()
    assert values(follower.result(10)) == [3]
    assert source.calls == [[1], [2, 3], [3]]


def test_who_leaves_while_a_call_carries_it_is_not_sent_again(source: Source) -> None:
    requests = Requests(source)
    first, leader, leaves = requests.send(1), requests.send(2), requests.send(3, seconds=0.3)
    source.free.release()
    with pytest.raises(DeadlineExceeded):
        leaves.result(10)
    source.free.release()
    assert [values(each.result(10)) for each in (first, leader)] == [[1], [2]]
    after = requests.send(4)
    source.free.release()
    assert values(after.result(10)) == [4]
    assert source.calls == [[1], [2, 3], [4]]


@pytest.mark.parametrize("error", [RequestRefused("odd pixels"), InternalError("odd")])
def test_a_refused_call_is_repeated_for_each_request_alone(
    source: Source, error: Exception
) -> None:
    def refuse_13(pixels: np.ndarray) -> None:
        if 13 in pixels:
            raise error

    source.answer = refuse_13
    requests = Requests(source)
    sent = [requests.send(number) for number in (1, 2, 13, 4)]
    source.free.release(9)
    with pytest.raises(type(error)):
        sent[2].result(10)
    assert [values(each.result(10)) for each in sent if each is not sent[2]] == [[1], [2], [4]]
    assert sorted(source.calls[2:]) == [[2], [4], [13]]


@pytest.mark.parametrize(
    ("message", "expected"),
    [("Task size 6 is larger than maximum input batch size 4", 4), ("odd", 3)],
)
def test_calls_become_smaller_when_the_model_server_refuses_their_size(
    source: Source, message: str, expected: int
) -> None:
    def refuse_many(pixels: np.ndarray) -> None:
        if len(pixels) > 4:
            raise RequestRefused(message)

    source.answer = refuse_many
    requests = Requests(source)
    sent = [requests.send(number) for number in range(20)]
    source.free.release(100)
    assert [values(each.result(10)) for each in sent] == [[number] for number in range(20)]
    assert max(len(call) for call in source.calls[-3:]) <= expected


@pytest.mark.parametrize("error", [ModelServerUnavailable("gone"), UnknownVersion("none")])
def test_a_failure_of_the_server_reaches_every_request_as_its_own(
    source: Source, error: Exception
) -> None:
    def fail(pixels: np.ndarray) -> None:
        raise error

    source.answer = fail
    requests = Requests(source)
    sent = [requests.send(number) for number in range(4)]
    source.free.release(2)
    raised: list[Any] = [each.exception(10) for each in sent]
    assert len(source.calls) == 2
    assert {type(each) for each in raised} == {type(error)}
    assert len({id(each) for each in raised}) >= 3  # Threads don't share a traceback.


def test_the_trace_of_a_request_is_linked_to_the_call_that_carries_it(source: Source) -> None:
    links: dict[str, list[str]] = {}

    class Recorded(Trace):
        def link(self, traceparent: str) -> None:
            links.setdefault(self.metadata["traceparent"], []).append(traceparent)

    requests = Requests(source)
    traces = [Recorded("classify", {"traceparent": f"trace {number}"}) for number in range(3)]
    sent = [requests.send(number, trace=trace) for number, trace in enumerate(traces)]
    source.free.release(2)
    for each in sent:
        each.result(10)
    assert links == {"trace 2": ["trace 1"]}


def test_many_threads_get_what_they_asked_for(source: Source) -> None:
    source.free.release(10**6)
    joined = JoinedCalls(source, 8)  # type: ignore[arg-type]

    def client(number: int) -> bool:
        pixels = np.full((1 + number % 3, 2, 2, 1), number % 251, np.uint8)
        result = joined.predict(MODEL, pixels, Deadline(20), Trace("classify", {}))
        return values(result) == [number % 251] * len(pixels)

    with ThreadPoolExecutor(16) as pool:
        assert all(pool.map(client, range(2000)))
    assert max(len(call) for call in source.calls) > 1
