"""The breaker: opens after failures in a row, probes now and then, closes at the first answer."""

import pytest

from serving.gateway.model_client.circuit_breaker import (
    FAILURES_TO_OPEN,
    PROBE_SECONDS,
    SLOW_SECONDS,
    CircuitBreaker,
)
from serving.http_errors import (
    DeadlineExceeded,
    ModelServerUnavailable,
    PhotolabelError,
    UnknownVersion,
)


class Clock:
    """A clock that the test moves."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


class Caller:
    """Counts which calls come through a breaker."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.breaker = CircuitBreaker("model-server:8500", clock=self.clock)
        self.through = 0

    def call(self, failure: PhotolabelError | None = None, seconds: float = 0.0) -> None:
        with self.breaker.guarding():
            self.through += 1
            self.clock.now += seconds
            if failure:
                raise failure

    def fail(
        self,
        times: int = FAILURES_TO_OPEN,
        failure: PhotolabelError | None = None,
        seconds: float = 0.0,
    ) -> None:
        for _ in range(times):
            with pytest.raises((ModelServerUnavailable, DeadlineExceeded)):
                self.call(failure or ModelServerUnavailable("down"), seconds)


@pytest.mark.parametrize(
    ("failure", "seconds"),
    [(ModelServerUnavailable("down"), 0), (DeadlineExceeded("slow"), SLOW_SECONDS)],
)
def test_it_opens_after_failures_in_a_row(failure: PhotolabelError, seconds: float) -> None:
    caller = Caller()
    caller.fail(failure=failure, seconds=seconds)
    with pytest.raises(ModelServerUnavailable, match="has not answered for a while"):
        caller.call()
    assert caller.through == FAILURES_TO_OPEN


def test_impatient_clients_do_not_open_it() -> None:
    caller = Caller()
    caller.fail(3 * FAILURES_TO_OPEN, DeadlineExceeded("0.1 s was too short"), SLOW_SECONDS / 2)
    caller.call()


def test_an_answer_in_between_starts_the_count_again() -> None:
    caller = Caller()
    caller.fail(FAILURES_TO_OPEN - 1)
    caller.call()
    caller.fail(FAILURES_TO_OPEN - 1)
    caller.call()
    assert caller.through == 2 * FAILURES_TO_OPEN


def test_an_error_of_the_model_server_is_an_answer() -> None:
    caller = Caller()
    for _ in range(2 * FAILURES_TO_OPEN):
        with pytest.raises(UnknownVersion):
            caller.call(UnknownVersion("no such version"))
    caller.call()


def test_it_probes_once_a_second_and_closes_at_the_first_answer() -> None:
    caller = Caller()
    caller.fail()
    caller.clock.now += PROBE_SECONDS
    caller.fail(times=1)
    with pytest.raises(ModelServerUnavailable, match="for a while"):
        caller.call()
    caller.clock.now += PROBE_SECONDS
    caller.call()
    caller.call()
    assert caller.through == FAILURES_TO_OPEN + 3


def test_it_tells_beforehand_that_it_is_open() -> None:
    guarded = Caller()
    guarded.breaker.check()
    guarded.fail()
    with pytest.raises(ModelServerUnavailable):
        guarded.breaker.check()
    guarded.clock.now += PROBE_SECONDS
    guarded.breaker.check()  # Asking is no probe.
    guarded.call()
    guarded.breaker.check()
