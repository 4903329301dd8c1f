"""Calls that requests share: each request keeps its own deadline and its own errors."""

import threading
from typing import Any

import numpy as np
import pytest

from serving.gateway.inference import joined_calls
from serving.gateway.model_client.grpc_errors import RequestRefused
from serving.http_errors import (
    DeadlineExceeded,
    InternalError,
    ModelServerUnavailable,
    UnknownVersion,
)
from tests.serving.held_calls import Requests, Source, values


@pytest.fixture(autouse=True)
def _no_early_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(joined_calls, "MAX_WAIT_SECONDS", 10.0)


@pytest.fixture
def source() -> Source:
    return Source()


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
    made = len(source.calls)  # It is remembered while nothing is asked.
    source.free = threading.Semaphore(0)
    sent = [requests.send(number) for number in range(9)]
    source.free.release(100)
    assert [values(each.result(10)) for each in sent] == [[number] for number in range(9)]
    assert max(len(call) for call in source.calls[made:]) <= 4


def test_calls_stay_large_when_another_version_refuses_their_shape(source: Source) -> None:
    def refuse(pixels: np.ndarray) -> None:
        raise RequestRefused("another shape")

    source.answer = refuse
    requests = Requests(source)
    refused = [requests.send(number) for number in range(4)]
    source.free.release(100)
    assert {type(each.exception(10)) for each in refused} == {RequestRefused}
    source.answer, source.free = lambda pixels: None, threading.Semaphore(0)
    made = len(source.calls)
    sent = [requests.send(number) for number in range(9)]
    source.free.release(100)
    assert [values(each.result(10)) for each in sent] == [[number] for number in range(9)]
    assert max(len(call) for call in source.calls[made:]) > 2


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
