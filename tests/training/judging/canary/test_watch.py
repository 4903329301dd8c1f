"""Which readings of the metrics count."""

from pathlib import Path
from threading import Timer

import pytest

from tests.training.commands.test_promote_auto import write_metrics
from training.errors import Inconclusive
from training.judging.canary.watch import Plan, Watch


def test_what_stable_answered_before_the_canary_is_left_out(tmp_path: Path) -> None:
    write_metrics(tmp_path, {})
    plan = Plan([str(tmp_path / "metrics")], requests=10, seconds=0.1, every=0.05)
    watch = Watch("pets", plan)
    write_metrics(tmp_path, {(1, 200): 1000, (1, 503): 500})
    with pytest.raises(Inconclusive, match=r"0 requests of the canary.* and 0 of stable"):
        watch.decide(2, 1, print)


def test_the_first_requests_of_the_canary_are_left_out(tmp_path: Path) -> None:
    write_metrics(tmp_path, {})
    plan = Plan([str(tmp_path / "metrics")], requests=10, seconds=0.5, every=0.1)
    watch = Watch("pets", plan)

    timer = Timer(0.15, write_metrics, [tmp_path, {(1, 200): 50, (2, 503): 50}])
    timer.start()
    with pytest.raises(Inconclusive, match=r"0 requests of the canary.* and 0 of stable"):
        watch.decide(2, 1, print)
    timer.join()
