"""Several processes of one command, each on its share of the cores."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from training.errors import TrainingError, UsageError

_POLL = 1.0  # Seconds.
_END = 60.0  # Seconds in which a worker writes its checkpoint.
_LOG = "worker-{}.log"


def run_workers(
    processes: int, words: Sequence[str], logs: Path, show: Callable[[], None] = lambda: None
) -> list[str]:
    """Run processes of the same command until all have ended.

    Each works until nothing is left to do, also by the others: if one of them ends well, what
    others have left is done.

    Args:
        processes: how many, at most one for each core.
        words: of the command line after `python -m training`; `--worker K/N` is added.
        logs: folder for the output of each process, `worker-K.log`.
        show: called about every second, to show progress.

    Returns:
        A line for each process that has failed.

    Raises:
        UsageError: there are fewer cores.
        TrainingError: all processes have failed; the message is the error of the first one.
        KeyboardInterrupt, Preempted: the processes were asked to stop too, and have ended.
    """
    check_processes(processes)
    logs.mkdir(parents=True, exist_ok=True)
    with _started(processes, words, logs) as workers:
        while any(worker.poll() is None for worker in workers):
            show()
            time.sleep(_POLL)
        show()
    failed = [
        f"process {number} of {processes} has failed"
        f" ({_reason(worker.returncode, logs / _LOG.format(number))})"
        for number, worker in enumerate(workers, 1)
        if worker.returncode
    ]
    if len(failed) == processes:
        raise TrainingError(f"{failed[0]}; the same command goes on")
    return failed


def _reason(status: int, log: Path) -> str:
    """Return why a process has failed."""
    if status < 0:
        return f"killed by {signal.Signals(-status).name}"
    lines = log.read_text("utf-8", "replace").splitlines()
    last = lines[-1] if lines else ""
    return last.removeprefix("error: ") if last.startswith("error: ") else f"see {log}"


def check_processes(processes: int) -> None:
    """Raise UsageError if there are fewer cores, or no process at all."""
    cores = len(os.sched_getaffinity(0))
    if not 1 <= processes <= cores:
        raise UsageError(f"--processes is 1 to {cores}, the number of cores, not {processes}")


def be_worker(share: str) -> None:
    """Take one share of the cores, `K/N`, and end when the process that started this one does.

    To be called before TensorFlow is imported, which has a thread for each core that it may use.
    """
    number, count = map(int, share.split("/"))
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[number - 1 :: count])
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    while os.read(0, 1024):  # Until the pipe is closed, also because the parent was killed.
        pass
    os.kill(os.getpid(), signal.SIGTERM)


@contextmanager
def _started(
    processes: int, words: Sequence[str], logs: Path
) -> Iterator[list[subprocess.Popen[bytes]]]:
    """Start the processes; if this one is asked to stop, they write their checkpoints and end."""
    command = [sys.executable, "-m", "training", *words]
    workers: list[subprocess.Popen[bytes]] = []
    try:
        for number in range(1, processes + 1):
            with open(logs / _LOG.format(number), "wb") as log:
                share = f"{number}/{processes}"
                workers.append(
                    subprocess.Popen(  # noqa: S603 -- the command is our own.
                        [*command, "--worker", share],
                        stdin=subprocess.PIPE,
                        stdout=log,
                        stderr=subprocess.STDOUT,
                        start_new_session=True,  # Ctrl-C reaches this process alone.
                    )
                )
        yield workers
    except BaseException:
        for worker in workers:
            worker.terminate()
        deadline = time.monotonic() + _END
        with suppress(subprocess.TimeoutExpired):
            for worker in workers:
                worker.wait(max(0.0, deadline - time.monotonic()))
        raise
    finally:
        for worker in workers:
            if worker.poll() is None:
                worker.kill()
            worker.wait()
            if worker.stdin:
                worker.stdin.close()
