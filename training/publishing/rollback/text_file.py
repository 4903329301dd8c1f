"""Text files that are edited while others read them: on this machine, or in a ConfigMap."""

import contextlib
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from filelock import FileLock

from serving.repository.atomic_write import atomic_write
from training.errors import TrainingError

Edit = Callable[[str], str]


class TextFile(Protocol):
    """A text file; `str` of it names it in errors."""

    def read(self) -> str:
        """Return the text; raise TrainingError if it can't be read."""

    def edit(self, edit: Edit) -> None:
        """Replace the text in one step, one process at a time.

        Raises:
            TrainingError: of `edit`, or the text can't be replaced, and stays as it is.
        """


class LocalFile:
    """A file on this machine. Its owner and mode stay as they are."""

    def __init__(self, path: Path) -> None:
        self._path = path.resolve()  # Not the link to it, such as one of Kubernetes' volumes.

    def __str__(self) -> str:
        return str(self._path)

    def read(self) -> str:
        """Return the text."""
        try:
            return self._path.read_bytes().decode("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise TrainingError(f"cannot read {self._path}: {reason}") from error

    def edit(self, edit: Edit) -> None:
        """Replace the text."""
        lock = self._path.with_name(f".{self._path.name}.lock")
        try:
            with FileLock(lock, fallback_to_soft=False):
                old = self.read()
                new = edit(old)
                if new != old:
                    self._write(new)
        except OSError as error:
            raise TrainingError(f"{self._path} is unchanged: {error.strerror or error}") from error

    def _write(self, text: str) -> None:
        with atomic_write(self._path) as new:
            new.write_bytes(text.encode("utf-8"))
            shutil.copymode(self._path, new)
            before = self._path.stat()
            with contextlib.suppress(PermissionError):  # Other programs have to read it still.
                os.chown(new, before.st_uid, before.st_gid)
