"""Waiting in a queue with Poisson arrivals and exponential service times (M/M/c).

Photos of one kind cost more equal times than that, so they wait less.
"""

import math


def erlang_c(servers: int, load: float) -> float:
    """Return the share of requests that wait.

    A. K. Erlang, "Solution of some Problems in the Theory of Probabilities of Significance in
    Automatic Telephone Exchanges", 1917.

    Args:
        servers: processors that take requests from one queue.
        load: arrivals a second times seconds of service; as many processors are busy on average.
    """
    if load >= servers:
        return 1.0
    blocked = 1.0  # Erlang's B formula, by its recurrence.
    for count in range(1, servers + 1):
        blocked = load * blocked / (count + load * blocked)
    return servers * blocked / (servers - load * (1 - blocked))


def waits_longer(servers: int, load: float, service: float, wait: float) -> float:
    """Return the share of requests that wait longer than `wait` seconds.

    Args:
        servers: processors that take requests from one queue.
        load: how many of them are busy on average.
        service: seconds of service of a request.
        wait: seconds.
    """
    if load >= servers:
        return 1.0
    return erlang_c(servers, load) * math.exp(-(servers - load) * wait / service)


def mean_wait(servers: int, load: float, service: float) -> float:
    """Return the mean seconds of waiting; infinite if the load is too high."""
    if load >= servers:
        return math.inf
    return erlang_c(servers, load) * service / (servers - load)


def highest_load(servers: int, service: float, busy: float, wait: float, late: float) -> float:
    """Return the highest load at which few requests wait long.

    Args:
        servers: processors that take requests from one queue.
        service: seconds of service of a request.
        busy: the most that each processor may be busy, as a fraction.
        wait: seconds.
        late: the most requests that may wait longer than these, as a fraction.
    """
    low, high = 0.0, servers * busy
    if waits_longer(servers, high, service, wait) <= late:
        return high
    for _ in range(60):
        middle = (low + high) / 2
        if waits_longer(servers, middle, service, wait) <= late:
            low = middle
        else:
            high = middle
    return low
