import signal

import pytest

from training.errors import Preempted
from training.fitting.interruption import interruptible, terminable


@pytest.mark.parametrize(
    ("number", "raised"), [(signal.SIGINT, KeyboardInterrupt), (signal.SIGTERM, Preempted)]
)
def test_a_signal_only_asks_until_it_is_looked_at(
    number: signal.Signals, raised: type[BaseException]
) -> None:
    before = signal.getsignal(number)
    asked: list[object] = []

    def work() -> None:
        with interruptible() as stop:
            signal.raise_signal(number)
            asked.append(stop.asked)
            stop.check()

    with pytest.raises(raised):
        work()
    assert asked == [number]
    assert signal.getsignal(number) == before


def test_a_signal_after_the_last_look_is_not_lost() -> None:
    with pytest.raises(Preempted), interruptible():
        signal.raise_signal(signal.SIGTERM)


def test_the_second_signal_is_the_systems() -> None:
    handlers: list[object] = []

    def work() -> None:
        with interruptible():
            signal.raise_signal(signal.SIGTERM)
            handlers.extend(map(signal.getsignal, (signal.SIGTERM, signal.SIGINT)))

    with pytest.raises(Preempted):
        work()
    assert handlers == [signal.SIG_DFL, signal.SIG_DFL]


def test_sigterm_ends_at_once_what_need_not_be_kept() -> None:
    before = signal.getsignal(signal.SIGTERM)
    went_on: list[bool] = []

    def work() -> None:
        with terminable():
            signal.raise_signal(signal.SIGTERM)
            went_on.append(True)

    with pytest.raises(Preempted):
        work()
    assert not went_on
    assert signal.getsignal(signal.SIGTERM) == before


def test_nobody_asks_and_nothing_happens() -> None:
    with terminable(), interruptible() as stop:
        stop.check()
