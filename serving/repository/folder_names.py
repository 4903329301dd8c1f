"""The names of the models in a folder."""

import os
import time
from collections.abc import Callable
from pathlib import Path

from serving.repository.errors import ConfigError, VersionsError
from serving.repository.versions import published_versions

GONE_SECONDS = 10.0


class FolderNames:
    """The names of the models in a folder: every sub-folder with a numbered version is one.

    A model once seen stays until its folder has been gone for some seconds, so that it keeps
    serving while the folder is replaced. If all models are gone, all of them stay: then the folder
    is probably not mounted. Names with a leading dot are ignored.

    Args:
        folder: of the models.
        gone_seconds: how long the folder of a model has to be gone.
        clock: returns the time in seconds.
    """

    def __init__(
        self,
        folder: Path,
        gone_seconds: float = GONE_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._folder = folder
        self._gone_seconds = gone_seconds
        self._clock = clock
        self._seen: dict[str, float] = {}  # When the folder of each was there last.

    def read(self) -> list[str]:
        """Return the names in alphabetical order.

        Raises:
            ConfigError: the folder cannot be read.
        """
        try:
            entries = {path.name: _is_model(path) for path in self._folder.iterdir()}
        except OSError as error:
            raise ConfigError(f"cannot look for models: {error}") from error
        now = self._clock()
        present = {name for name, is_model in entries.items() if is_model or name in self._seen}
        self._seen.update(dict.fromkeys(present, now))
        if present:
            oldest = now - self._gone_seconds
            self._seen = {name: seen for name, seen in self._seen.items() if seen > oldest}
        return sorted(self._seen)


def _is_model(path: Path) -> bool:
    if path.name.startswith(".") or not os.path.isdir(path):
        return False
    try:
        return bool(published_versions(path))
    except VersionsError:
        return True  # Loading it will report the problem.
