"""Photos take turns in the order in which they came; who would wait too long is refused at once."""

import threading
import time

import pytest

from serving.deadline import Deadline
from serving.http_errors import DeadlineExceeded, TooManyRequests
from serving.photos.sandbox.turns import Turns


def test_first_come_first_served() -> None:
    turns, order = Turns(), []
    threads = []

    def take(number: int) -> None:
        with turns.taken(Deadline(60)):
            order.append(number)

    with turns.taken(Deadline(60)):
        for number in range(5):
            threads.append(threading.Thread(target=take, args=[number]))
            threads[-1].start()
            while len(turns._queue) < number + 2:
                time.sleep(0.001)
    for thread in threads:
        thread.join()
    assert order == list(range(5))


def test_who_would_wait_too_long_is_refused_at_once() -> None:
    turns = Turns()
    with turns.taken(Deadline(60)), pytest.raises(TooManyRequests) as refused:  # noqa: SIM117
        with turns.taken(Deadline(0.5)):
            pass
    assert refused.value.headers() == {"Retry-After": "1"}
    with turns.taken(Deadline(0.5)):
        pass


def test_a_turn_that_does_not_come_in_time_is_given_up() -> None:
    turns = Turns()
    turns._seconds = 0.0
    with turns.taken(Deadline(60)), pytest.raises(DeadlineExceeded):  # noqa: SIM117
        with turns.taken(Deadline(0.05)):
            pass
    with turns.taken(Deadline(1)):
        pass


def test_who_has_too_little_time_left_is_refused_before_it_is_over() -> None:
    turns = Turns()
    refused = threading.Event()

    def take() -> None:
        try:
            with turns.taken(Deadline(4)):
                pass
        except TooManyRequests:
            refused.set()

    waiting = threading.Thread(target=take)
    with turns.taken(Deadline(60)):
        waiting.start()
        while len(turns._queue) < 2:
            time.sleep(0.001)
        turns._seconds = 10.0  # What the latest photos took.
    waiting.join()
    assert refused.is_set()
    assert not turns._queue
