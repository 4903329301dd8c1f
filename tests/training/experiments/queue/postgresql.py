"""A PostgreSQL server in a temporary folder, on a socket in it, for tests."""

import os
import pwd
import shutil
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

OPTIONS = "-c listen_addresses='' -c fsync=off -c max_connections=60"


class Server:
    """A server that can be stopped and started again."""

    def __init__(self, folder: Path, programs: Path) -> None:
        self.folder = folder
        self._programs = programs
        # PostgreSQL refuses to run as root.
        self._user = _unprivileged() if os.geteuid() == 0 else None
        if self._user:
            shutil.chown(folder, self._user)
        self._run("initdb", "--no-sync", "--username", "tests", "--auth", "trust", "-D", "data")
        self.start()

    def start(self) -> None:
        self._run(
            *("pg_ctl", "start", "-w", "-D", "data", "-l", "log"),
            *("-o", f"{OPTIONS} -k {self.folder}"),
        )

    def stop(self) -> None:
        self._run("pg_ctl", "stop", "-w", "-m", "immediate", "-D", "data")

    def database(self) -> str:
        """Create an empty database, and return its URL."""
        name = f"db_{uuid.uuid4().hex[:12]}"
        administration = f"host={self.folder} user=tests dbname=postgres"
        with psycopg.connect(administration, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        return f"postgresql://tests@/{name}?host={self.folder}"

    def _run(self, program: str, *arguments: str) -> None:
        command = [str(self._programs / program), *arguments]
        with (self.folder.parent / f"{self.folder.name}.log").open("ab") as log:
            subprocess.run(
                command, cwd=self.folder, user=self._user, check=True, stdout=log, stderr=log
            )


@contextmanager
def server() -> Iterator[Server]:
    """Start a server, and stop it at the end."""
    folder = Path(tempfile.mkdtemp(prefix="pg-"))  # Short: the path of a socket has a limit.
    try:
        running = Server(folder, _programs())
        yield running
        running.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        folder.parent.joinpath(f"{folder.name}.log").unlink(missing_ok=True)


def _programs() -> Path:
    """Return the folder with PostgreSQL's programs: Debian's, the newest, or one in PATH."""
    debian = Path("/usr/lib/postgresql").glob("*/bin/initdb")
    found = max(debian, key=lambda file: int(file.parts[-3]), default=None)
    named = shutil.which("initdb")
    if found is None and named is None:
        pytest.fail("PostgreSQL is missing: install it with `apt-get install postgresql`")
    return (found or Path(named or "")).parent


def _unprivileged() -> str:
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"
