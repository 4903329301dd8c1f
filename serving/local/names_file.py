"""The gateway's model config file, kept current with the models in a folder."""

import contextlib
from collections.abc import Callable
from functools import partial
from pathlib import Path

from serving.repeating_thread import RepeatingThread
from serving.repository.errors import ConfigError
from serving.repository.folder_names import FolderNames
from serving.repository.model_config import ModelSettings, write_config
from serving.repository.model_names import UNUSABLE, is_usable

_POLL_SECONDS = 0.5
_GONE_SECONDS = 5.0  # Before the model server unloads it: first the gateway, then the model.


class NamesFile:
    """Follows the models in a folder.

    Attributes:
        path: of the file.
        names: of the models in it.
        problems: why other models can't be served, by name; what is not printable is escaped in it.

    Raises:
        ConfigError: the folder cannot be read.
    """

    def __init__(self, models: Path, path: Path) -> None:
        self.path = path
        self.names: list[str] = []
        self.problems: dict[str, str] = {}
        self._models = models
        self._found = FolderNames(models, _GONE_SECONDS)
        self._update()

    def follow(self) -> Callable[[], None]:
        """Update the file in a thread of its own; return what ends it."""
        thread = RepeatingThread("names of models", lambda: _POLL_SECONDS, self._try_to_update)
        thread.start()
        return partial(thread.close, wait=True)  # The file's folder may be deleted then.

    def _try_to_update(self) -> None:
        # The names stay; the model server's log has the reason.
        with contextlib.suppress(ConfigError, OSError):
            self._update()

    def _update(self) -> None:
        found = self._found.read()
        names = [name for name in found if is_usable(name)]
        reason = f"{UNUSABLE}: rename its folder"
        self.problems = {_printable(name): reason for name in found if not is_usable(name)}
        if names and names != self.names:
            write_config(self.path, [ModelSettings(name, self._models / name) for name in names])
            self.names = names


def _printable(name: str) -> str:
    return "".join(
        each if each.isprintable() else each.encode("unicode_escape").decode() for each in name
    )
