"""A limited number of photos is decoded at once; the others wait, permits are given back."""

import pytest

from serving.deadline import Deadline
from serving.gateway.inference.decode_limit import DecodeLimit
from serving.http_errors import DeadlineExceeded


def test_photos_wait_for_a_permit_until_the_deadline() -> None:
    limit = DecodeLimit(1)
    with limit.acquired(Deadline(5)), pytest.raises(DeadlineExceeded, match=r"budget \(0\.05 s\)"):
        limit.acquired(Deadline(0.05)).__enter__()
    with pytest.raises(ZeroDivisionError), limit.acquired(Deadline(5)):
        raise ZeroDivisionError
    with limit.acquired(Deadline(5)):
        pass
