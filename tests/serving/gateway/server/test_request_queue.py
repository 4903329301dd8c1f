"""The queue of requests: who runs, who waits, who is refused, and whose turn is next."""

import threading
from collections.abc import Sequence

import pytest

from serving.gateway.server.request_queue import Overloaded, RequestQueue

NEVER = float("inf")


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def busy(
    clock: Clock, *, seconds: float = 1.0, running: int = 2, max_wait: float = 1.0
) -> RequestQueue[str]:
    """Return a queue whose requests have taken that many seconds, with all permits in use."""
    queue: RequestQueue[str] = RequestQueue(running, max_wait, clock=clock)
    for _ in range(200):
        assert queue.start_or_enqueue("before", NEVER)
        clock.now += seconds
        assert queue.finish("before") is None
    for number in range(running):
        assert queue.start_or_enqueue(f"running {number}", NEVER)
    return queue


def enqueue(queue: RequestQueue[str], names: Sequence[str], key: str = "") -> None:
    for name in names:
        assert not queue.start_or_enqueue(name, NEVER, key=key)


def test_those_that_wait_run_in_their_order_one_for_each_that_ends(clock: Clock) -> None:
    queue = busy(clock, seconds=0.001)
    enqueue(queue, "abc")
    assert queue.finish("running 0") == "a"
    assert queue.finish("a") == "b"
    assert queue.finish("running 1") == "c"
    assert queue.finish("b") is None
    assert queue.start_or_enqueue("d", NEVER)
    assert not queue.start_or_enqueue("e", NEVER)
    assert queue.full


def test_the_limit_is_the_expected_wait_not_the_number(clock: Clock) -> None:
    # Two at once, 0.1 s each: one ends every 0.05 s, so the twentieth waits 1 s.
    queue = busy(clock, seconds=0.1)
    enqueue(queue, [str(number) for number in range(20)])
    with pytest.raises(Overloaded) as refused:
        queue.start_or_enqueue("one too many", NEVER)
    assert refused.value.expected == pytest.approx(1.05, rel=0.01)
    fast = busy(clock, seconds=0.01)
    enqueue(fast, [str(number) for number in range(200)])
    with pytest.raises(Overloaded):
        fast.start_or_enqueue("one too many", NEVER)


def test_a_request_with_too_little_time_left_is_refused(clock: Clock) -> None:
    queue = busy(clock, seconds=0.4)
    with pytest.raises(Overloaded):
        queue.start_or_enqueue("short", clock.now + 0.59)
    assert not queue.start_or_enqueue("long enough", clock.now + 0.61)


def test_a_maximum_of_zero_lets_nothing_wait(clock: Clock) -> None:
    with pytest.raises(Overloaded):
        busy(clock, max_wait=0).start_or_enqueue("x", NEVER)


def test_when_nothing_ends_the_expected_wait_grows(clock: Clock) -> None:
    queue = busy(clock, seconds=0.001)
    enqueue(queue, "abc")
    clock.now += 1  # The two that run take long: the next one to end may take as long again.
    with pytest.raises(Overloaded):
        queue.start_or_enqueue("d", NEVER)


def test_it_adapts_when_requests_become_cheap_again(clock: Clock) -> None:
    queue = busy(clock, seconds=5)
    with pytest.raises(Overloaded):
        queue.start_or_enqueue("x", NEVER)
    for _ in range(100):
        clock.now += 0.001
        queue.finish("running 0")
        assert queue.start_or_enqueue("running 0", NEVER)
    queue.finish("running 1")
    assert queue.start_or_enqueue("running 1", NEVER)
    enqueue(queue, "abc")


def test_an_idle_gateway_knows_from_processor_time_what_a_burst_will_cost(clock: Clock) -> None:
    queue: RequestQueue[str] = RequestQueue(16, 1.0, processors=2, clock=clock)
    for _ in range(200):
        queue.start_or_enqueue("alone", NEVER)
        clock.now += 0.1
        queue.finish("alone", 0.1)
    for number in range(16):
        queue.start_or_enqueue(f"running {number}", NEVER)
    enqueue(queue, [str(number) for number in range(20)])  # Two end every 0.1 s.
    with pytest.raises(Overloaded):
        queue.start_or_enqueue("one too many", NEVER)


def test_large_requests_count_for_more(clock: Clock) -> None:
    queue = busy(clock, seconds=0.01)
    for number in range(4):
        assert not queue.start_or_enqueue(f"large {number}", NEVER, 1_000_000)
    with pytest.raises(Overloaded) as refused:
        queue.start_or_enqueue("small", NEVER)
    assert refused.value.expected == pytest.approx(0.005 * (1 + 4 * 51), rel=0.01)


def test_keys_take_turns(clock: Clock) -> None:
    queue = busy(clock, seconds=0.01)
    enqueue(queue, ["a1", "a2", "a3", "a4"], "a")
    enqueue(queue, ["b1", "b2"], "b")
    order = [queue.finish("running 0")]
    while order[-1]:
        order.append(queue.finish(order[-1]))
    assert order == ["a1", "b1", "a2", "b2", "a3", "a4", None]


def test_a_key_is_not_refused_for_what_another_has_sent(clock: Clock) -> None:
    queue = busy(clock, seconds=0.1)
    enqueue(queue, [f"a{number}" for number in range(20)], "a")
    with pytest.raises(Overloaded):
        queue.start_or_enqueue("a too", NEVER, key="a")
    enqueue(queue, [f"b{number}" for number in range(10)], "b")
    with pytest.raises(Overloaded) as refused:
        queue.start_or_enqueue("too many of b", NEVER, key="b")
    assert refused.value.expected == pytest.approx(1.1, rel=0.01)


def test_what_is_removed_never_runs(clock: Clock) -> None:
    queue = busy(clock, seconds=0.01)
    enqueue(queue, "abc")
    assert queue.remove("b")
    assert not queue.remove("b")
    assert not queue.remove("running 0")
    assert queue.finish("running 0") == "a"
    assert queue.finish("a") == "c"


def test_the_number_that_wait_is_reported(clock: Clock) -> None:
    lengths: list[int] = []
    queue: RequestQueue[str] = RequestQueue(1, 1.0, report_length=lengths.append, clock=clock)
    queue.start_or_enqueue("running", NEVER)
    enqueue(queue, "abc")
    queue.remove("b")
    queue.finish("running")
    queue.finish("a")
    assert lengths == [1, 2, 3, 2, 1, 0]


def test_threads_never_run_more_than_allowed_and_lose_none() -> None:
    queue: RequestQueue[int] = RequestQueue(3, NEVER)
    lock, now_running, most, ran = threading.Lock(), set(), [0], []

    def run(first: int) -> None:
        current: int | None = first
        while current is not None:
            with lock:
                now_running.add(current)
                most.append(len(now_running))
                ran.append(current)
            with lock:
                now_running.remove(current)
            current = queue.finish(current)

    def client(numbers: range) -> None:
        for number in numbers:
            if queue.start_or_enqueue(number, NEVER):
                run(number)

    threads = [threading.Thread(target=client, args=(range(i, 4000, 8),)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(ran) == list(range(4000))
    assert max(most) <= 3
    assert not queue.full


def test_who_leaves_as_soon_as_it_waits_is_removed(clock: Clock) -> None:
    queue = busy(clock, seconds=0.001)
    removed: list[bool] = []
    leaving = threading.Thread(target=lambda: removed.append(queue.remove("a")))
    assert not queue.start_or_enqueue("a", NEVER, on_waiting=leaving.start)
    leaving.join(10)
    assert removed == [True]
    assert queue.finish("running 0") is None
    assert queue.start_or_enqueue("b", NEVER, on_waiting=lambda: pytest.fail("it runs"))
