"""Admission: a limited number at once, the rest refused at once, permits always given back."""

import pytest

from serving.deadline import Deadline
from serving.gateway.inference.admission import Admission, DecodeLimit
from serving.http_errors import DeadlineExceeded, TooManyRequests


def test_the_limit_holds_and_permits_come_back() -> None:
    admission = Admission(2)
    with admission.admitted():
        with (
            admission.admitted(),
            pytest.raises(TooManyRequests, match=r"requests in progress \(2\)"),
        ):
            admission.admitted().__enter__()
        with admission.admitted():
            pass


def test_a_failure_gives_its_permit_back() -> None:
    admission = Admission(1)
    for _ in range(3):
        with pytest.raises(ZeroDivisionError), admission.admitted():
            raise ZeroDivisionError


def test_photos_wait_for_a_permit_until_the_deadline() -> None:
    limit = DecodeLimit(1)
    with limit.acquired(Deadline(5)), pytest.raises(DeadlineExceeded, match=r"budget \(0\.05 s\)"):
        limit.acquired(Deadline(0.05)).__enter__()
    with pytest.raises(ZeroDivisionError), limit.acquired(Deadline(5)):
        raise ZeroDivisionError
    with limit.acquired(Deadline(5)):
        pass
