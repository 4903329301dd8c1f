"""Options of the whole test run, integration tests, and the list of what was skipped."""

import gc
import inspect
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import CodeType
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]

# Integration tests may start processes, train, and export models. They are in these folders, use
# these fixtures, name `subprocess`, or have the mark. All others are unit tests, and fail if they
# start a process or fit a network.
INTEGRATION_FOLDERS = (
    "browser",
    "e2e",
    "docs",
    "demo",
    "k8s",
    "docker",
    "images",
    "serving/local",
    "serving/photos/sandbox",
    "training/pipeline",
    "training/publishing",
)
INTEGRATION_FIXTURES = {"train"}
MARK_IT = "an integration test: mark it with pytest.mark.integration"

# `make test` runs tests in several processes, and finishes soonest with the longest tests first.
LONGEST_FIRST = ("e2e", "browser", "docs", "demo", "training", "benchmarks")

STARTS = {"subprocess.Popen", "os.exec", "os.fork", "os.forkpty", "os.posix_spawn", "os.system"}
"""The events of `sys.audit` when a process starts another one."""

unit_test_running = False


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("photolabel")
    group.addoption("--model-server", metavar="HOST:PORT", help="run e2e tests against this one")
    group.addoption("--models", metavar="DIR", help="the folder that --model-server serves")
    group.addoption("--postgresql", action="store_true", help="start one; run studies on it too")


def pytest_configure() -> None:
    sys.addaudithook(_fail_unit_test)
    # Compiling the sources and rewriting assertions once saves each process a second and more.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    sys.dont_write_bytecode = False


def _fail_unit_test(event: str, _: tuple[Any, ...]) -> None:
    if unit_test_running and event in STARTS:
        pytest.fail(f"a test that starts a process is {MARK_IT}")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark the integration tests; sort the tests where they run in several processes."""
    for item in items:
        fixtures = INTEGRATION_FIXTURES.intersection(getattr(item, "fixturenames", ()))
        if (
            fixtures
            or _is_in(item, INTEGRATION_FOLDERS)
            or _names_subprocess(getattr(item, "function", None))
        ):
            item.add_marker("integration")
    if hasattr(config, "workerinput"):
        items.sort(key=_rank)


def pytest_collectstart() -> None:
    """Collect no garbage until all tests are collected: nothing of what they import is garbage."""
    gc.disable()


def pytest_collection_finish() -> None:
    """Leave what is imported so far, which is TensorFlow too, out of all garbage collections."""
    gc.collect()
    gc.freeze()
    gc.enable()
    gc.set_threshold(20_000)  # Python 3.11's 700 costs tests that train 8% of their time.


def _is_in(item: pytest.Item, folders: Sequence[str]) -> bool:
    return any(item.path.is_relative_to(ROOT / "tests" / folder) for folder in folders)


def _names_subprocess(function: object, seen: frozenset[object] = frozenset()) -> bool:
    """Return whether a test, or a helper of the tests that it calls, names `subprocess`."""
    while hasattr(function, "__wrapped__"):
        function = function.__wrapped__
    if not inspect.isfunction(function) or function in seen:
        return False
    if not function.__module__.startswith("test"):
        return False
    names = _names(function.__code__)
    called = [function.__globals__.get(name) for name in names]
    return "subprocess" in names or any(_names_subprocess(f, seen | {function}) for f in called)


def _names(code: CodeType) -> set[str]:
    """Return the names that code uses, those inside of its comprehensions included."""
    inner = [_names(each) for each in code.co_consts if isinstance(each, CodeType)]
    return set(code.co_names).union(*inner)


def _rank(item: pytest.Item) -> int:
    return next((i for i, folder in enumerate(LONGEST_FIRST) if _is_in(item, [folder])), 99)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Note whether the test that runs may start processes."""
    global unit_test_running
    unit_test_running = item.get_closest_marker("integration") is None
    try:
        return (yield)
    finally:
        unit_test_running = False


@pytest.fixture(autouse=True)
def no_training_in_unit_tests(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fail a unit test that fits a network."""
    keras = sys.modules.get("keras")
    if unit_test_running and keras:
        message = f"a test that trains is {MARK_IT}"
        monkeypatch.setattr(keras.Model, "fit", lambda *_, **__: pytest.fail(message))


@pytest.fixture(autouse=True)
def no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """Clear the settings of the user who runs the tests."""
    for name in list(os.environ):
        if name.startswith("PHOTOLABEL_") and name != "PHOTOLABEL_DATA":
            monkeypatch.delenv(name)


@pytest.fixture(scope="session")
def data_sets() -> Path:
    """Return the folder of the real data sets; skip the test without it."""
    folder = Path(os.environ.get("PHOTOLABEL_DATA", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip("the data sets are missing: set PHOTOLABEL_DATA to their folder")
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
