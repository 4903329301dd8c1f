"""Connections of the workers, as all of them see them."""

from serving.gateway.server.shared_state import Balance


def test_the_least_is_that_of_who_takes_more() -> None:
    balance = Balance(3)
    balance.hold(0, 5)
    assert balance.least() == 5
    balance.hold(1, 2)
    assert balance.least() == 2
    balance.leave(1)
    assert balance.least() == 5
    balance.hold(2, 100_000)
    assert balance.least() == 5


def test_there_may_be_more_workers_than_thought() -> None:
    balance = Balance(2)
    balance.hold(7, 3)
    assert balance.least() == 3
