"""Calls that requests share: what travels together, and when."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from serving.deadline import Deadline
from serving.gateway.inference import joined_calls
from serving.gateway.inference.joined_calls import JoinedCalls
from serving.gateway.model_client.model_ref import ModelRef
from serving.gateway.telemetry.tracing import Trace
from tests.serving.held_calls import MODEL, Requests, Source, values


@pytest.fixture(autouse=True)
def _no_early_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(joined_calls, "MAX_WAIT_SECONDS", 10.0)


@pytest.fixture
def source() -> Source:
    return Source()


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
    assert source.made(2) == [[1], [2, 3, 4, 5]]
    sent.append(requests.send(7, 8, 9))
    sent.append(requests.send(*range(10, 20)))
    assert source.made(4)[2:] == [[6, 7, 8, 9], list(range(10, 20))]
    source.free.release(10)
    assert [values(each.result(10))[0] for each in sent] == [1, 2, 3, 4, 5, 6, 7, 10]


def test_a_call_has_no_more_bytes_than_one_request_may_have(
    source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(joined_calls, "MAX_INPUT_BYTES", 12)  # Three photos of 2 x 2 pixels.
    requests = Requests(source)
    sent = [requests.send(number) for number in range(1, 6)]
    source.free.release(10)
    assert [values(each.result(10)) for each in sent] == [[1], [2], [3], [4], [5]]
    assert max(len(call) for call in source.calls) == 3


def test_a_maximum_of_one_joins_nothing(source: Source) -> None:
    requests = Requests(source, max_photos=1)
    for number in range(3):
        requests.send(number)
    assert source.made(3) == [[0], [1], [2]]
    source.free.release(3)


def test_other_models_versions_and_shapes_are_not_joined(source: Source) -> None:
    requests = Requests(source)
    requests.send(1)
    requests.send(2, ref=ModelRef("clothing", 4))
    requests.send(3, ref=ModelRef("clothing", label="canary"))
    requests.send(4, size=3)
    assert source.made(4) == [[1], [2], [3], [4]]
    source.free.release(4)


def test_a_slow_call_holds_the_others_back_for_a_moment_only(
    source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(joined_calls, "MAX_WAIT_SECONDS", 0.05)
    requests = Requests(source)
    sent = [requests.send(1), requests.send(2), requests.send(3)]
    for _ in range(2):
        assert source.held.acquire(timeout=10)
    assert [sorted(call) for call in source.calls] == [[1], [2, 3]]
    source.free.release(2)
    assert [values(each.result(10)) for each in sent] == [[1], [2], [3]]


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
