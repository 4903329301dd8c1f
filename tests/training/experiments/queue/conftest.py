"""The databases on which the same tests run: an SQLite file, and PostgreSQL with --postgresql."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.training.experiments.queue.postgresql import Server, server
from training.experiments.queue import Timing


@pytest.fixture(scope="session")
def postgresql(request: pytest.FixtureRequest) -> Iterator[Server]:
    """Return a PostgreSQL server; skip the test without --postgresql."""
    if not request.config.getoption("postgresql"):
        pytest.skip("PostgreSQL: `make test-postgres` runs these tests")
    with server() as running:
        yield running


@pytest.fixture(
    params=["sqlite", pytest.param("postgresql", marks=pytest.mark.integration)],
)
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Return the URL of an empty database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/study.db"
    url: str = request.getfixturevalue("postgresql").database()
    return url


@pytest.fixture
def timing() -> Timing:
    """Return intervals that are short enough for tests."""
    return Timing(heartbeat=1, grace=1, poll=0.05, retry_seconds=20)
