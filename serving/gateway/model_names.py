"""The names of the models served: fixed, or those in TensorFlow Serving's model config file."""

import logging
import time
from collections.abc import Callable
from pathlib import Path

from serving.repeating_thread import RepeatingThread
from serving.repository.changing_file import ChangingFile
from serving.repository.errors import ConfigError
from serving.repository.model_config import parse_config
from serving.repository.model_names import UNUSABLE, is_usable

POLL_SECONDS = 1.0

log = logging.getLogger(__name__)


class ModelNames:
    """The names of the models served, which change while it runs if they are in a file.

    If the file can't be read again, or lists no model, the names read before stay. A name that
    does not fit into a path is left out, and the log says so.

    Args:
        names: fixed names.
        file: a model config file, whose names are served instead.

    Raises:
        OSError: the file can't be read.
        ValueError: it is damaged or lists no model.
    """

    def __init__(self, names: tuple[str, ...] = (), file: Path | None = None) -> None:
        self._file = ChangingFile(file, read_names, "names of the models") if file else None
        self._listed = self._file.current() if self._file else names
        self._names = _usable(self._listed)

    def current(self) -> tuple[str, ...]:
        """Return the names, without looking at the file."""
        return self._names

    def read(self) -> tuple[str, ...]:
        """Read the file again if it has changed, and return the names."""
        listed = self._file.current() if self._file else self._listed
        if listed != self._listed:
            self._listed, self._names = listed, _usable(listed)
            log.info("The models served are now %s", ", ".join(self._names))
        return self._names

    def follower(self, removed: Callable[[str], None]) -> RepeatingThread:
        """Return a thread that reads the file every second.

        Args:
            removed: called with a name that is no longer served.
        """

        def update() -> None:
            before = self._names
            for name in set(before).difference(self.read()):
                removed(name)

        # All workers read it at the same moment of a second, so that they agree.
        return RepeatingThread(
            "model names", lambda: POLL_SECONDS - time.time() % POLL_SECONDS, update
        )


def read_names(file: Path) -> tuple[str, ...]:
    """Return the names in a model config file.

    Raises:
        OSError: it can't be read.
        ValueError: it is invalid, or lists no model that could be served.
    """
    try:
        names = tuple(model.name for model in parse_config(file.read_text("utf-8"), file))
    except ConfigError as error:
        raise ValueError(str(error)) from error
    if not any(map(is_usable, names)):
        raise ValueError(f"{file} lists no model that could be served")
    return names


def _usable(names: tuple[str, ...]) -> tuple[str, ...]:
    for name in names:
        if not is_usable(name):
            log.error("model %r is not served: %s", name, UNUSABLE)
    return tuple(filter(is_usable, names))
