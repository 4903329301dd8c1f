"""A child process of the local stack: started, checked, stopped, and never left running."""

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_DIE_WITH_PARENT = Path(__file__).with_name("die_with_parent.py")
_ROOT = Path(__file__).parents[2]
_GRACE_SECONDS = 10.0  # between SIGTERM and SIGKILL
_TAIL_LINES = 15  # of the log of a process that has failed


class LocalError(Exception):
    """The local stack cannot start, or one of its processes has ended; says which and why."""


@dataclass(frozen=True)
class ChildProcess:
    """The model server or the gateway, and the file with its output."""

    name: str
    popen: subprocess.Popen[bytes]
    log: Path

    def check(self) -> None:
        """Raise LocalError, with the last lines of the log, if the process has ended."""
        status = self.popen.poll()
        if status is not None:
            raise LocalError(f"the {self.name} ended with status {status}:\n{self.tail()}")

    def tail(self) -> str:
        """Return the last lines of the log, indented."""
        lines = self.log.read_text("utf-8", errors="replace").splitlines()[-_TAIL_LINES:]
        return "\n".join(f"    {line}" for line in lines) or "    (it printed nothing)"

    def stop(self) -> None:
        """Stop it with SIGTERM; kill it if that takes too long."""
        self.popen.terminate()
        try:
            self.popen.wait(_GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            self.popen.kill()
            self.popen.wait()


def start_process(
    name: str, command: Sequence[str], logs: Path, environment: Mapping[str, str], *inherited: int
) -> ChildProcess:
    """Start `python -m` with a module and its arguments; its output goes to a file in `logs`.

    It inherits the file descriptors `inherited`.
    """
    log = logs / f"{name.replace(' ', '-')}.log"
    paths = [str(_ROOT), environment.get("PYTHONPATH")]  # From any working directory.
    with log.open("wb") as output:
        popen = subprocess.Popen(  # noqa: S603 - our own programs
            [sys.executable, str(_DIE_WITH_PARENT), str(os.getpid()), *command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**environment, "PYTHONPATH": os.pathsep.join(filter(None, paths))},
            pass_fds=inherited,
            start_new_session=True,  # Ctrl-C reaches only this process, which stops the others.
        )
    return ChildProcess(name, popen, log)
