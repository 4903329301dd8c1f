"""The models in a folder, for the embedded model server."""

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from serving.repository.errors import ConfigError
from serving.repository.folder_names import GONE_SECONDS, FolderNames
from serving.repository.model_config import ModelList, ModelSettings
from serving.repository.served_versions import SERVED, read_file


class ModelsFolder:
    """The models in a folder, and which of their versions serve: see `FolderNames`.

    Args:
        folder: of the models.
        gone_seconds: how long the folder of a model has to be gone until it is removed.
        clock: returns the time in seconds.

    Attributes:
        loads_labels: versions that only a label names are loaded too (`version_policy.Goal`).
    """

    loads_labels = True

    def __init__(
        self,
        folder: Path,
        gone_seconds: float = GONE_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Raise ConfigError if the folder does not exist or cannot be read."""
        if not folder.is_dir():
            raise ConfigError(f"{folder} is not a folder: create it, or choose another one")
        self._folder = folder
        self._names = FolderNames(folder, gone_seconds, clock)
        self._models: dict[str, ModelSettings] = {}
        self._with_file: set[str] = set()  # Models whose `.serving.config` has been read.
        self.models()

    def models(self) -> list[ModelSettings]:
        """Return a model for each sub-folder with versions, by name.

        A `.serving.config` that is damaged or deleted later changes nothing; the settings then have
        a `problem`. One that is damaged from the start is not guessed: no version serves.

        Raises:
            ConfigError: the folder cannot be read.
        """
        names = self._names.read()
        self._with_file &= {*names}
        self._models = {name: self._read(name) for name in names}
        return list(self._models.values())

    def _read(self, name: str) -> ModelSettings:
        base = self._folder / name
        try:
            if found := read_file(base):
                self._with_file.add(name)
                return found
        except ConfigError as error:
            return replace(self._models.get(name) or _nothing(name, base), problem=str(error))
        if name not in self._with_file:
            return ModelSettings(name, base)
        problem = f"{base / SERVED} has been deleted: it still applies until the next start"
        return replace(self._models[name], problem=problem if base.is_dir() else "")


def _nothing(name: str, base: Path) -> ModelSettings:
    """Return settings that select no version."""
    settings = ModelSettings(name, base)
    settings.policy.specific.SetInParent()
    return settings


Source = ModelsFolder | ModelList
