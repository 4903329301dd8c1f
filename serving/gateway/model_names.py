"""The names of the models served: fixed, or those in TensorFlow Serving's model config file."""

import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path

from serving.repository.errors import ConfigError
from serving.repository.model_config import read_config
from serving.repository.model_names import UNUSABLE, is_usable

POLL_SECONDS = 1.0

log = logging.getLogger(__name__)


class ModelNames:
    """The names of the models served, which change while it runs if they are in a file.

    A file that is missing or damaged later, or that lists no model, changes nothing: the names read
    before stay. A name that does not fit into a path is left out. Both are logged once.

    Args:
        names: fixed names.
        file: a model config file, whose names are served instead.

    Raises:
        ConfigError: the file is missing, damaged or lists no model.
    """

    def __init__(self, names: tuple[str, ...] = (), file: Path | None = None) -> None:
        self._names = names
        self._file = file
        self._stamp: tuple[int, ...] | None = None
        self._problem = ""
        if file is not None:
            self._stamp = _stamp(file)
            self._names = _read(file)

    def current(self) -> tuple[str, ...]:
        """Return the names, without looking at the file."""
        return self._names

    def read(self) -> tuple[str, ...]:
        """Read the file again if it has changed, and return the names."""
        if self._file is None:
            return self._names
        try:
            # The time of change, too: a file may have become readable, which changes only this.
            stamp = _stamp(self._file)
            if stamp == self._stamp:
                return self._names
            self._stamp = stamp
            names = _read(self._file)
        except ConfigError as error:
            if str(error) != self._problem:
                log.error("%s; the models served so far stay: %s", error, ", ".join(self._names))
            self._problem = str(error)
            return self._names
        self._problem = ""
        if names != self._names:
            log.info("The models served are now %s", ", ".join(names))
            self._names = names
        return self._names

    def follow(self, removed: Callable[[str], None]) -> Callable[[], None]:
        """Read the file every second in a thread of its own. Call it after a fork.

        Args:
            removed: called with a name that is no longer served.

        Returns:
            What ends the thread.
        """
        stopping = threading.Event()
        if self._file is not None:
            follower = threading.Thread(
                target=self._follow, args=(removed, stopping), name="model names", daemon=True
            )
            follower.start()
        return stopping.set

    def _follow(self, removed: Callable[[str], None], stopping: threading.Event) -> None:
        # All workers read it at the same moment of a second, so that they agree.
        while not stopping.wait(POLL_SECONDS - time.time() % POLL_SECONDS):
            before = self._names
            try:
                for name in set(before).difference(self.read()):
                    removed(name)
            except Exception:  # Serving must go on.
                log.exception("The model config file can't be followed; trying again")


def _stamp(file: Path) -> tuple[int, ...]:
    """Return what changes when the file, or a link on the way to it, does."""
    try:
        stat = file.stat()
    except OSError as error:
        raise ConfigError(
            f"cannot read the model config file {file}: {error.strerror or error}"
        ) from error
    return stat.st_mtime_ns, stat.st_ctime_ns, stat.st_size, stat.st_ino, stat.st_dev


def _read(file: Path) -> tuple[str, ...]:
    listed = [model.name for model in read_config(file)]
    for name in listed:
        if not is_usable(name):
            log.error("%s: model %r is not served: %s", file, name, UNUSABLE)
    names = tuple(name for name in listed if is_usable(name))
    if not names:
        raise ConfigError(f"{file} lists no model that could be served")
    return names
