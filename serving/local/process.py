"""A program of the chain as a process: started, watched, stopped, and never left behind."""

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_DIE_WITH_PARENT = Path(__file__).with_name("die_with_parent.py")
_ROOT = Path(__file__).parents[2]
_GRACE = 10.0  # seconds to end after SIGTERM
_TAIL = 15  # lines of a log that are shown when its program has failed


class LocalError(Exception):
    """The chain cannot start, or a part of it has ended; says which and why."""


@dataclass(frozen=True)
class Program:
    """One of the two processes, and the file that holds what it prints."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path

    def check(self) -> None:
        """Check that it still runs.

        Raises:
            LocalError: it has ended; with the last lines of its log.
        """
        status = self.process.poll()
        if status is not None:
            raise LocalError(f"the {self.name} ended with status {status}:\n{self.tail()}")

    def tail(self) -> str:
        """Return the last lines of the log, indented."""
        lines = self.log.read_text("utf-8", errors="replace").splitlines()[-_TAIL:]
        return "\n".join(f"    {line}" for line in lines) or "    (it printed nothing)"

    def stop(self) -> None:
        """Let it finish what is in flight and end; kill it if it takes too long."""
        self.process.terminate()
        try:
            self.process.wait(_GRACE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def start(
    name: str,
    module: str,
    arguments: Sequence[str],
    logs: Path,
    environment: Mapping[str, str],
    *inherited: int,
) -> Program:
    """Start `python -m module`.

    Args:
        name: what people call the program.
        module: its module.
        arguments: its command line.
        logs: folder for what it prints.
        environment: its variables.
        inherited: open descriptors that it takes over.
    """
    log = logs / f"{name.replace(' ', '-')}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(  # noqa: S603 - our own programs
            [sys.executable, str(_DIE_WITH_PARENT), str(os.getpid()), module, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**environment, "PYTHONPATH": _python_path(environment)},
            pass_fds=inherited,
            start_new_session=True,  # Ctrl-C is for this process, which then stops them in order.
        )
    return Program(name, process, log)


def _python_path(environment: Mapping[str, str]) -> str:
    """Let the program find the packages from whatever folder this process was started."""
    before = environment.get("PYTHONPATH")
    return f"{_ROOT}{os.pathsep}{before}" if before else str(_ROOT)
