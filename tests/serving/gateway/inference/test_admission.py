"""Admission: at most so many at once, the rest refused at once, places given back always."""

import pytest

from serving.errors import TooManyRequests
from serving.gateway.inference.admission import Admission


def test_the_bound_holds_and_places_come_back() -> None:
    admission = Admission(2)
    with admission.admitted():
        with admission.admitted(), pytest.raises(TooManyRequests, match="2 requests"):
            admission.admitted().__enter__()
        with admission.admitted():
            pass


def test_a_failure_gives_its_place_back() -> None:
    admission = Admission(1)
    for _ in range(3):
        with pytest.raises(ZeroDivisionError), admission.admitted():
            raise ZeroDivisionError
