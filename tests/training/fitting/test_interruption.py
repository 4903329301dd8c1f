import signal
import sys
import threading

import pytest

from training.errors import Preempted
from training.fitting.interruption import interruptible, terminable


@pytest.mark.parametrize(
    ("number", "raised"), [(signal.SIGINT, KeyboardInterrupt), (signal.SIGTERM, Preempted)]
)
def test_a_signal_is_only_recorded_until_it_is_checked(
    number: signal.Signals, raised: type[BaseException]
) -> None:
    before = signal.getsignal(number)
    recorded: list[object] = []

    def work() -> None:
        with interruptible() as stop:
            signal.raise_signal(number)
            recorded.append(stop.asked)
            stop.check()

    with pytest.raises(raised):
        work()
    assert recorded == [number]
    assert signal.getsignal(number) == before


def test_a_signal_after_the_last_check_is_not_lost() -> None:
    with pytest.raises(Preempted), interruptible():
        signal.raise_signal(signal.SIGTERM)


def test_a_second_signal_has_its_default_effect() -> None:
    handlers: list[object] = []

    def work() -> None:
        with interruptible():
            signal.raise_signal(signal.SIGTERM)
            handlers.extend(map(signal.getsignal, (signal.SIGTERM, signal.SIGINT)))

    with pytest.raises(Preempted):
        work()
    assert handlers == [signal.SIG_DFL, signal.SIG_DFL]


def test_sigterm_immediately_ends_work_without_checkpoints() -> None:
    before = signal.getsignal(signal.SIGTERM)
    continued: list[bool] = []

    def work() -> None:
        with terminable():
            signal.raise_signal(signal.SIGTERM)
            continued.append(True)

    with pytest.raises(Preempted):
        work()
    assert not continued
    assert signal.getsignal(signal.SIGTERM) == before


def test_without_a_signal_nothing_happens() -> None:
    with terminable(), interruptible() as stop:
        stop.check()


def test_a_notebook_survives_a_second_signal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "ps1", "In : ", raising=False)
    recorded: list[object] = []

    def work() -> None:
        with interruptible() as stop:
            signal.raise_signal(signal.SIGINT)
            signal.raise_signal(signal.SIGINT)
            recorded.append(stop.asked)

    with pytest.raises(KeyboardInterrupt):
        work()
    assert recorded == [signal.SIGINT]


def test_another_thread_does_not_handle_signals() -> None:
    before = signal.getsignal(signal.SIGINT)
    handlers: list[object] = []

    def work() -> None:
        with interruptible() as stop:
            handlers.append(signal.getsignal(signal.SIGINT))
            stop.check()

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert handlers == [before]
