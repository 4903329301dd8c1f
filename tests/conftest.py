"""Options of the whole test run, the data sets, and the list of what was skipped."""

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("photolabel")
    group.addoption("--model-server", metavar="HOST:PORT", help="run e2e tests against this one")
    group.addoption("--models", metavar="DIR", help="the folder that --model-server serves")


@pytest.fixture(autouse=True)
def no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the settings of whoever runs the tests out of them."""
    for name in list(os.environ):
        if name.startswith("PHOTOLABEL_") and name != "PHOTOLABEL_DATA":
            monkeypatch.delenv(name)


@pytest.fixture(scope="session")
def data_sets() -> Path:
    """Return the folder of the real data sets; skip the test where there is none."""
    folder = Path(os.environ.get("PHOTOLABEL_DATA", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip("the data sets are not here: set PHOTOLABEL_DATA to their folder")
    return folder


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """End with what was skipped and why."""
    skipped = terminalreporter.stats.get("skipped", [])
    reasons: dict[str, list[str]] = {}
    for report in skipped:
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        reasons.setdefault(reason.removeprefix("Skipped: "), []).append(report.nodeid)
    terminalreporter.section("skipped, and why")
    if not reasons:
        terminalreporter.write_line("nothing")
    for reason, tests in sorted(reasons.items()):
        terminalreporter.write_line(f"{reason}: {', '.join(tests)}")
