"""How often `promote --auto` rolls a canary back, by what is worse about it: simulated gateways.

Run: python -m benchmarks.canary_decisions [--runs 200]

The exit status is 1 if a worse canary is rolled back in fewer than 19 of 20 runs, or a good one in
more than 1 of 20, at the default number of requests and a share of a tenth.
"""

import argparse
import sys
from dataclasses import replace
from statistics import median

import numpy as np
from rich.console import Console

from tests.training.judging.canary.simulation import Behaviour, decide
from training.console import figures_table, show

STABLE = Behaviour()
GOOD = {
    "the same": STABLE,
    "better: fewer errors, faster, more confident": replace(
        STABLE, errors=0.001, seconds=0.02, sure=9.0
    ),
    "15% slower": replace(STABLE, seconds=1.15 * STABLE.seconds),
}
WORSE = {
    "errors +3 points": replace(STABLE, errors=STABLE.errors + 0.03),
    "twice as slow": replace(STABLE, seconds=2 * STABLE.seconds),
    "p95 twice as high, the same median": replace(STABLE, spread=1.03),
    "unsure (up to 0.6) of 13% instead of 5% of the photos": replace(STABLE, sure=4.0),
    "one class predicted for 37% instead of 10%": replace(STABLE, favourite=0.3),
}
SETTINGS = ((0.1, 1000), (0.1, 500), (0.5, 1000), (0.5, 2000))


def main() -> int:
    """Simulate, print a table, and return the exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--runs", type=int, default=200, help="of each row (default: 200)")
    runs, passed = parser.parse_args().runs, True
    columns = [f"share {share:g}, {requests:,} requests" for share, requests in SETTINGS]
    table = figures_table("rolled back (after so many requests)", *columns)
    for name, canary in {**GOOD, **WORSE}.items():
        cells = []
        for share, requests in SETTINGS:
            found = [
                decide(canary, STABLE, np.random.default_rng(seed), share, requests)
                for seed in range(runs)
            ]
            after = [taken for finding, taken in found if finding.decision == "roll back"]
            rate = len(after) / runs
            cells.append(f"{rate:.1%}" + (f" ({median(after):,.0f})" if after else ""))
            if (share, requests) == SETTINGS[0]:
                passed &= rate <= 0.05 if name in GOOD else rate >= 0.95
        table.add_row(name, *cells)
    show(Console(width=200), table)
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
