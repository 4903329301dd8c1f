"""Several processes on one study, some of which are killed: no item is lost or done twice."""

import functools
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import optuna
import pytest
from optuna.trial import TrialState

from tests.conftest import ROOT
from tests.training.experiments.queue.worker import TIMING
from training.experiments.queue import Item, Queue, open_queue

pytestmark = pytest.mark.integration

Worker = subprocess.Popen[bytes]
Start = Callable[..., Worker]


@pytest.fixture
def start(storage: str, tmp_path: Path) -> Iterator[Start]:
    """Return a function that starts a process that works on the study."""
    started: list[Worker] = []

    def worker(items: int, seconds: float) -> Worker:
        module = "tests.training.experiments.queue.worker"
        arguments = [storage, str(tmp_path), str(items), str(seconds)]
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        command = [sys.executable, "-m", module, *arguments]
        started.append(subprocess.Popen(command, env=environment, stderr=subprocess.PIPE))
        return started[-1]

    yield worker
    for process in started:
        process.kill()
        process.communicate()


def lines(folder: Path, word: str) -> list[list[str]]:
    file = folder / "log"
    written = [line.split() for line in file.read_text().splitlines()] if file.exists() else []
    return [words for words in written if words[0] == word]


def has_begun(folder: Path, items: int) -> bool:
    return len(lines(folder, "began")) >= items


def wait_until(condition: Callable[[], object]) -> None:
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def opened(storage: str, items: int) -> Queue:
    work = [Item({"n": n}) for n in range(items)]
    return open_queue(storage, "study", {"recipe": "r"}, work, "minimize", timing=TIMING)


def check_all_done_once(storage: str, folder: Path, items: int) -> None:
    results = opened(storage, items).results()
    assert [(result.state, result.value) for result in results] == [
        ("done", float(n)) for n in range(items)
    ]
    finished = [words[1] for words in lines(folder, "finished")]
    assert len(finished) == len(set(finished))
    assert not lines(folder, "twice")
    url = storage.replace("postgresql:", "postgresql+psycopg:")
    trials = optuna.load_study(study_name="study", storage=url).trials
    done = [trial for trial in trials if trial.state is TrialState.COMPLETE]
    assert len(done) == items


def test_processes_that_start_at_once_share_the_items(
    storage: str, start: Start, tmp_path: Path
) -> None:
    workers = [start(items=24, seconds=0.05) for _ in range(3)]
    for worker in workers:
        _, errors = worker.communicate(timeout=120)
        assert (worker.returncode, errors) == (0, b"")
    check_all_done_once(storage, tmp_path, 24)
    assert len({words[2] for words in lines(tmp_path, "finished")}) > 1


def test_processes_killed_at_random_lose_nothing(
    storage: str, start: Start, tmp_path: Path
) -> None:
    chance = random.Random(1)
    workers = [start(items=12, seconds=0.3) for _ in range(2)]
    for kill in range(5):
        wait_until(functools.partial(has_begun, tmp_path, 2 * kill + 1))
        time.sleep(chance.uniform(0, 0.4))
        killed = chance.randrange(2)
        workers[killed].kill()
        workers[killed].wait()
        workers[killed] = start(items=12, seconds=0.3)
    for worker in workers:
        assert worker.wait(120) == 0
    check_all_done_once(storage, tmp_path, 12)


def test_an_item_is_taken_over_from_a_process_that_does_not_respond(
    storage: str, start: Start, tmp_path: Path
) -> None:
    worker = start(items=1, seconds=1)
    wait_until(lambda: lines(tmp_path, "began"))
    worker.send_signal(signal.SIGSTOP)
    try:
        claim = opened(storage, 1).claim()
        assert claim
    finally:
        worker.send_signal(signal.SIGCONT)
    with claim:
        wait_until(lambda: lines(tmp_path, "finished"))  # Ignored: the item is not its own.
        claim.finish(0.0, process=os.getpid())
    assert worker.wait(60) == 0
    [result] = opened(storage, 1).results()
    assert result.facts == {"process": os.getpid()}


def test_sigterm_gives_the_item_back_at_once(storage: str, start: Start, tmp_path: Path) -> None:
    worker = start(items=1, seconds=60)
    wait_until(lambda: lines(tmp_path, "began"))
    worker.terminate()
    worker.communicate(timeout=60)
    [result] = opened(storage, 1).results()
    assert result.state == "waiting"
