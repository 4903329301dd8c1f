"""The models in a folder, for the embedded model server."""

import os
from dataclasses import replace
from pathlib import Path

from serving.repository.errors import ConfigError, VersionsError
from serving.repository.model_config import ModelList, ModelSettings
from serving.repository.served_versions import read_file
from serving.repository.versions import SERVED, published_versions


class ModelsFolder:
    """A folder of models: every sub-folder with a numbered version is one.

    A model once seen stays in the list, so that it keeps serving if its folder is missing for a
    moment. Names with a leading dot are ignored.

    Attributes:
        loads_labels: versions that only a label names are loaded too (`version_policy.Goal`).
    """

    loads_labels = True

    def __init__(self, folder: Path) -> None:
        """Raise ConfigError if the folder does not exist, or a `.serving.config` is invalid."""
        if not folder.is_dir():
            raise ConfigError(f"{folder} is not a folder: create it, or choose another one")
        self._folder = folder
        self._models: dict[str, ModelSettings] = {}
        self._with_file: set[str] = set()  # Models whose `.serving.config` has been read.
        if problems := [model.problem for model in self.models() if model.problem]:
            raise ConfigError(problems[0])

    def models(self) -> list[ModelSettings]:
        """Return a model for each sub-folder with versions, by name.

        A `.serving.config` that is damaged or deleted later changes nothing; the settings then have
        a `problem`.

        Raises:
            ConfigError: the folder cannot be read.
        """
        try:
            names = {path.name for path in self._folder.iterdir() if _is_model(path)}
        except OSError as error:
            raise ConfigError(f"cannot look for models: {error}") from error
        for name in names | self._models.keys():
            self._models[name] = self._read(name)
        return [self._models[name] for name in sorted(self._models)]

    def _read(self, name: str) -> ModelSettings:
        base = self._folder / name
        problem = ""
        try:
            if found := read_file(base):
                self._with_file.add(name)
                return found
            if name in self._with_file and base.is_dir():
                problem = f"{base / SERVED} has been deleted: it still applies until the next start"
        except ConfigError as error:
            problem = str(error)
        return replace(self._models.get(name, ModelSettings(name, base)), problem=problem)


def _is_model(path: Path) -> bool:
    if path.name.startswith(".") or not os.path.isdir(path):
        return False
    try:
        return bool(published_versions(path))
    except VersionsError:
        return True  # Loading it will report the problem.


Source = ModelsFolder | ModelList
