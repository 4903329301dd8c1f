"""The database of a study: its URL, its errors, and waiting for it while it is away."""

import time
import warnings
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import optuna
import sqlalchemy
from filelock import FileLock
from optuna.exceptions import StorageInternalError
from optuna.storages import RDBStorage
from optuna.storages._rdb.models import NOT_FOUND_MSG
from sqlalchemy import event
from sqlalchemy.engine import URL, Connection, make_url
from sqlalchemy.exc import ArgumentError, DatabaseError, InterfaceError, OperationalError
from sqlalchemy.pool import NullPool

from training.errors import TrainingError, UsageError, explained
from training.experiments.queue.items import Timing

T = TypeVar("T")

TAKES = "--storage takes sqlite:///FILE or postgresql://USER@HOST/DATABASE"
AGAIN = "the same command goes on"
CREATION = 13_4_9
"""The key of PostgreSQL's advisory lock while tables or a study are created."""

FULL = ("disk is full", "No space left", "could not extend file")
UNUSABLE = {
    "not a database": "is not a database: name another file with --storage",
    "malformed": "is damaged: restore it, or name another file with --storage",
    "readonly database": "is not writable: change its permissions, or name another file",
    "no such table": "is not the study any more: restore it, or repeat the command",
    "unable to open": "can't be opened: check the permissions of its folder",
}
"""What SQLite says of a file with which no second try helps."""


class Database:
    """An open database, and the tables of Optuna in it.

    Attributes:
        url: with the driver that is used.
        shown: the URL without the password, for messages.
        file: of SQLite; None for PostgreSQL.
        locks: folder beside this file, with a lock for each item in work.
        timing: of heartbeats and retries.
        storage: Optuna's.

    Raises:
        UsageError: the URL is of no such database.
        TrainingError: it can't be reached, or is of another version.
    """

    def __init__(self, url: str, timing: Timing) -> None:
        self.url = read_url(url)
        self.timing = timing
        self.file = sqlite_file(self.url)
        self.locks = self.file and self.file.with_name(f"{self.file.name}-locks")
        self.shown = str(self.file or self.url.render_as_string(hide_password=True))
        if self.file and self.locks:
            with explained(f"the folder of {self.file} can't be written", "name another --storage"):
                self.file.parent.mkdir(parents=True, exist_ok=True)
                self.locks.mkdir(exist_ok=True)
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        self.storage = self.retried(self._open)
        weakref.finalize(self, self.storage.engine.dispose)

    @contextmanager
    def creating(self) -> Iterator[None]:
        """Let one process at a time create tables, or a study and its trials."""
        if self.locks:
            with FileLock(self.locks / "creation"):
                yield
        else:
            engine = sqlalchemy.create_engine(self.url, poolclass=NullPool, **_CONNECTING)
            with engine.begin() as connection:
                lock = sqlalchemy.text("SELECT pg_advisory_xact_lock(:key)")
                connection.execute(lock, {"key": CREATION})
                yield

    def _open(self) -> RDBStorage:
        with self.creating(), quiet():
            if self.file:
                self._check_file()
            storage = RDBStorage(
                self.url.render_as_string(hide_password=False)
                .replace("{", "{{")
                .replace("}", "}}"),
                engine_kwargs=_SQLITE if self.file else _POSTGRESQL,
                heartbeat_interval=self.timing.heartbeat,
                grace_period=self.timing.grace,
            )
        begins = _begin_immediately if self.file else _in_utc
        event.listen(storage.engine, "begin", begins)
        return storage

    def _check_file(self) -> None:
        engine = sqlalchemy.create_engine(self.url, **_SQLITE)
        tables = sqlalchemy.inspect(engine).get_table_names()
        if tables and "studies" not in tables:
            raise UsageError(f"{self.file} is no study but another database: name another file")

    def retried(self, action: Callable[[], T], retry_seconds: float | None = None) -> T:
        """Return the result of an action, tried again while the database is away.

        The action must be one that may run twice.

        Args:
            action: that reads or writes the database.
            retry_seconds: seconds in which it is tried again; by default those of `timing`.

        Raises:
            TrainingError: the database stays away, or its disk is full, or it is unusable.
        """
        retry_seconds = self.timing.retry_seconds if retry_seconds is None else retry_seconds
        end, pause = time.monotonic() + retry_seconds, 0.1
        while True:
            try:
                return action()
            except (StorageInternalError, DatabaseError, InterfaceError) as error:
                cause = error.__cause__ if isinstance(error, StorageInternalError) else error
                reason = _reason(cause or error)
                self._raise_if_final(reason, cause)
                if time.monotonic() + pause > end:
                    raise TrainingError(
                        f"the database {self.shown} can't be reached ({reason}): {AGAIN}"
                        " once it can"
                    ) from error
            except KeyError as error:
                if NOT_FOUND_MSG not in str(error):
                    raise
                raise TrainingError(
                    f"the study was deleted from {self.shown}: repeat the command to begin again"
                ) from error
            except RuntimeError as error:
                if "compatible with the table schema" not in str(error):
                    raise
                raise TrainingError(
                    f"{self.shown} was made with another version of Optuna: upgrade it with"
                    " `optuna storage upgrade`, or name another --storage"
                ) from error
            time.sleep(pause)
            pause = min(2 * pause, 5.0)

    def _raise_if_final(self, reason: str, cause: BaseException | None) -> None:
        """Raise the error with which no second try helps."""
        if any(words in reason for words in FULL):
            raise TrainingError(
                f"no space is left for {self.shown}: free some, and {AGAIN}"
            ) from cause
        for words, said in UNUSABLE.items():
            if self.file and words in reason:
                raise TrainingError(f"{self.file} {said}") from cause
        wrong = ("password authentication failed", "does not exist", "no password supplied")
        if not self.file and any(words in reason for words in wrong):
            raise TrainingError(
                f"the database {self.shown} refuses the connection ({reason}): check --storage"
            ) from cause
        if not isinstance(cause, OperationalError | InterfaceError):
            raise TrainingError(f"the database {self.shown} failed: {reason}") from cause


_CONNECTING: dict[str, Any] = {
    "connect_args": {"connect_timeout": 10, "application_name": "photolabel"}
    # A machine that is gone without a word is noticed within a minute.
    | {"keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3},
}
_POSTGRESQL = {**_CONNECTING, "pool_pre_ping": True, "pool_size": 3}
# Python's module would begin a transaction only before it writes: two processes could read that an
# item is free, and both take it.
_SQLITE: dict[str, Any] = {
    "connect_args": {"timeout": 60, "isolation_level": None},
    "poolclass": NullPool,
}


def _begin_immediately(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _in_utc(connection: Connection) -> None:
    """Compare the heartbeats of processes in different time zones."""
    connection.exec_driver_sql("SET LOCAL TIME ZONE 'UTC'")


def _reason(error: BaseException) -> str:
    """Return the first line of what the driver says: SQLAlchemy adds the statement and values."""
    said = str(getattr(error, "orig", None) or error).strip() or type(error).__name__
    return said.splitlines()[0]


def read_url(text: str) -> URL:
    """Return the URL of a database, with the driver that is installed.

    Raises:
        UsageError: it is no URL, or of a database that is neither SQLite nor PostgreSQL.
    """
    try:
        url = make_url(text)
    except (ArgumentError, ValueError) as error:  # Their messages may have the password.
        raise UsageError(f"{TAKES}; this is no such URL") from error
    if url.drivername == "sqlite":
        if url.database in (None, "", ":memory:"):
            raise UsageError(f"{TAKES}; a study needs a file")
        return url
    if url.drivername not in ("postgresql", "postgres", "postgresql+psycopg"):
        raise UsageError(f"{TAKES}, not {url.drivername}://…")
    return url.set(drivername="postgresql+psycopg")


def sqlite_file(url: URL) -> Path | None:
    """Return the file of a database; None for PostgreSQL."""
    return Path(url.database or "").absolute() if url.drivername == "sqlite" else None


@contextmanager
def quiet() -> Iterator[None]:
    """Hide that Optuna calls its heartbeat and other parts experimental."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
