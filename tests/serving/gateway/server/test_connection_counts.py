"""Connections of the workers, as all of them see them."""

from serving.gateway.server.connection_counts import ConnectionCounts


def test_the_lowest_is_that_of_workers_that_accept_more() -> None:
    counts = ConnectionCounts(3)
    counts.set(0, 5)
    assert counts.lowest() == 5
    counts.set(1, 2)
    assert counts.lowest() == 2
    counts.remove(1)
    assert counts.lowest() == 5
    counts.set(2, 100_000)
    assert counts.lowest() == 5


def test_there_may_be_more_workers_than_slots() -> None:
    counts = ConnectionCounts(2)
    counts.set(7, 3)
    assert counts.lowest() == 3
