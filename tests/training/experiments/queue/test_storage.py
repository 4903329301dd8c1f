"""Databases that are wrong, full, of another study, or away: one line that says what to do."""

import sqlite3
import threading
import time
from collections.abc import Callable
from pathlib import Path

import optuna
import pytest
from sqlalchemy import event

from tests.training.experiments.queue.postgresql import Server
from training.errors import TrainingError, UsageError
from training.experiments.queue import Item, Queue, Range, Timing, open_queue, open_search

ITEMS = [Item({"epochs": 5}), Item({"epochs": 10}, after=(0,))]
FACTS = {"recipe": "clothing-fast", "data": "abc"}
QUICK = Timing(retry_seconds=0.2)


def opened(storage: str, timing: Timing = QUICK) -> Queue:
    return open_queue(storage, "study", FACTS, ITEMS, "minimize", timing=timing)


def test_a_study_with_other_facts_or_goal_is_refused(storage: str) -> None:
    opened(storage)
    facts = {"recipe": "cats-dogs-fast", "data": "abc", "seed": "3"}
    with pytest.raises(UsageError) as refused:
        open_queue(storage, "study", facts, ITEMS, "maximize")
    said = str(refused.value)
    assert "recipe clothing-fast, not cats-dogs-fast, seed unset, not 3, goal minimize" in said
    assert "abc" not in said
    assert "choose another name" in said


def test_a_study_with_other_items_is_refused(storage: str) -> None:
    opened(storage)
    items = [*ITEMS, Item({"epochs": 20})]
    with pytest.raises(UsageError, match=r"other trials: 2, now 3 \(1 new, 0 gone, such as {'ep"):
        open_queue(storage, "study", FACTS, items, "minimize")


def test_a_search_over_another_space_is_refused(storage: str) -> None:
    for high in (0.1, 0.1):
        space = {"rate": Range(0.01, high)}
        open_search(storage, "study", FACTS, space, 2, "minimize", seed=1, pruning=None)
    with pytest.raises(UsageError, match=r"space of rate Range\(low=0.01, high=0.1"):
        open_search(
            *(storage, "study", FACTS, {"rate": Range(0.01, 0.2)}, 2, "minimize"),
            seed=1,
            pruning=None,
        )
    with pytest.raises(UsageError, match="space of rate"):
        opened(storage)


def test_a_study_of_another_program_is_refused(storage: str) -> None:
    url = storage.replace("postgresql:", "postgresql+psycopg:")
    study = optuna.create_study(storage=url, study_name="study")
    study.add_trial(optuna.create_trial(value=1.0))
    with pytest.raises(UsageError, match="was not made by Photolabel: choose another name"):
        opened(storage)


@pytest.mark.parametrize(
    "url",
    [
        "study.db",
        "sqlite://",
        "sqlite:///:memory:",
        "mysql://me:secret@host/db",
        "postgresql://me:secret@host:port/db",
        "postgresql+asyncpg://me:secret@host/db",
    ],
)
def test_a_url_of_no_such_database_is_refused(url: str) -> None:
    with pytest.raises(UsageError, match="--storage takes sqlite:///FILE or postgresql://") as no:
        opened(url)
    assert "secret" not in str(no.value)


def test_a_server_that_does_not_answer_is_reported_without_the_password() -> None:
    with pytest.raises(TrainingError, match=r"can't be reached .*the same command goes on") as away:
        opened("postgresql://me:secret{0}%25@127.0.0.1:9/db")
    assert "postgresql+psycopg://me:***@127.0.0.1:9/db" in str(away.value)
    assert "secret" not in str(away.value)
    assert "\n" not in str(away.value)


def text(file: Path) -> None:
    file.write_text("no database " * 100)


def other_database(file: Path) -> None:
    with sqlite3.connect(file) as connection:
        connection.execute("CREATE TABLE photos (name TEXT)")
    connection.close()


def other_version(file: Path) -> None:
    opened(f"sqlite:///{file}")
    with sqlite3.connect(file) as connection:
        connection.execute("UPDATE alembic_version SET version_num = 'v2.6.0.a'")
    connection.close()


def folder(file: Path) -> None:
    file.mkdir()


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (text, "is not a database: name another file"),
        (other_database, "is no study but another database: name another file"),
        (other_version, "made with another version of Optuna: upgrade it with `optuna storage"),
        (folder, "can't be opened: check the permissions"),
    ],
)
def test_a_file_that_is_no_study_is_reported(
    tmp_path: Path, make: Callable[[Path], None], said: str
) -> None:
    make(tmp_path / "study.db")
    with pytest.raises(TrainingError, match=said) as wrong:
        opened(f"sqlite:///{tmp_path}/study.db")
    assert str(tmp_path / "study.db") in str(wrong.value)


def test_a_folder_that_cannot_be_written_is_reported(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(TrainingError, match=r"can't be written .*: name another --storage"):
        opened(f"sqlite:///{tmp_path}/file/study.db")


def test_a_full_disk_is_reported_and_the_study_goes_on_later(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/study.db"
    full = opened(url)
    # SQLite says the same of a file that may not grow as of a full disk.
    engine = full._database.storage.engine
    event.listen(engine, "begin", lambda c: c.exec_driver_sql("PRAGMA max_page_count = 1"))
    claim = full.claim()
    assert claim
    with pytest.raises(TrainingError, match=r"no space is left for .*the same command goes"), claim:
        claim.finish(0.5, history=list(range(5000)))
    again = opened(url).claim()
    assert again
    with again:
        assert again.position == 0
        again.finish(0.5)


def test_a_file_that_is_removed_meanwhile_is_reported(tmp_path: Path) -> None:
    queue = opened(f"sqlite:///{tmp_path}/study.db")
    (tmp_path / "study.db").unlink()
    with pytest.raises(TrainingError, match="is not the study any more"):
        queue.claim()


@pytest.mark.integration
def test_a_database_that_comes_back_in_time_is_waited_for(
    postgresql: Server, timing: Timing
) -> None:
    queue = opened(postgresql.database(), timing)
    claim = queue.claim()
    assert claim
    postgresql.stop()
    later = threading.Timer(1, postgresql.start)
    later.start()
    with claim:
        claim.finish(0.5)
    later.join()
    assert [result.state for result in queue.results()] == ["done", "waiting"]


@pytest.mark.integration
def test_a_database_that_stays_away_ends_the_command_which_goes_on_later(
    postgresql: Server, timing: Timing
) -> None:
    url = postgresql.database()
    queue = opened(url)
    claim = queue.claim()
    assert claim
    postgresql.stop()
    try:
        with pytest.raises(TrainingError, match=r"can't be reached .*the same command"), claim:
            claim.finish(0.5)
    finally:
        postgresql.start()
    time.sleep(timing.grace)
    again = opened(url, timing).claim()
    assert again
    with again:
        assert again.position == 0
        again.finish(0.5)
