"""Rolling back and forth under load: no request fails, and the version that was named answers."""

from pathlib import Path

import pytest

from benchmarks.rollback import CHAINS, measure
from tests.e2e.load import THINK_SECONDS

pytestmark = [pytest.mark.e2e, pytest.mark.usefixtures("embedded_only")]


@pytest.mark.parametrize("what", CHAINS)
def test_no_request_fails_while_a_model_is_rolled_back(what: str, tmp_path: Path) -> None:
    with CHAINS[what](tmp_path) as running:
        found = measure(running, times=1, clients=2, think=THINK_SECONDS)
    assert len(found.effective) == 2
    assert {outcome.version for outcome in found.outcomes} == {1, 2}
    assert not found.failed, next(each for each in found.outcomes if each.status != 200)
