"""Which versions of each model should serve: read from the configuration and from the folders."""

import logging
import os
from collections.abc import Collection, Mapping, Set
from pathlib import Path

from serving.repository.errors import ConfigError, VersionsError
from serving.repository.model_config import ModelSettings, check_labels
from serving.repository.models_folder import ModelsFolder, Source
from serving.repository.served_versions import named_versions, selects_nothing
from serving.repository.version_policy import Goal, aspired_versions
from serving.repository.versions import published_versions

_logger = logging.getLogger(__name__)


class Goals:
    """The goals of all models. What cannot be read stays as it is, and is logged once."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._models: dict[str, ModelSettings] = {}
        self._goals: dict[str, Goal] = {}
        self._warnings: dict[str, str] = {}

    def __getitem__(self, name: str) -> Goal:
        """Return the goal of a model; that of one that has been removed is to serve nothing."""
        return self._goals[name]

    def path(self, name: str, version: int) -> Path:
        """Return the folder of a version."""
        return self._models[name].base_path / str(version)

    def update(self, serving: Mapping[str, Collection[int]]) -> list[str]:
        """Read everything once.

        Args:
            serving: the versions of each model that serve.

        Returns:
            The models of which everything could be read, and those that have been removed.
        """
        try:
            models = self._source.models()
            if not self._source.loads_labels:
                check_labels(list(self._models.values()), models, serving)
        except ConfigError as error:
            self._warn("models to serve", f"{error}; keeping the models served so far")
        else:
            self._warn("models to serve", None)
            self._models = {model.name: model for model in models}
        return [name for name in sorted({*self._models, *self._goals}) if self._update(name)]

    def reload(
        self, models: list[ModelSettings], serving: Mapping[str, Collection[int]]
    ) -> set[str]:
        """Have the next `update` find other models; return the names of those that are new.

        Raises:
            ConfigError: the models are those of a folder, or a label would move to a version that
                does not serve.
        """
        if isinstance(self._source, ModelsFolder):
            raise ConfigError(
                "The models to serve are those in the folder of --models, which a request does not"
                " change. Start with --model_config_file or --model_base_path instead."
            )
        known = self._models
        check_labels([*known.values()], models, serving)
        self._source.replace(models)
        return {model.name for model in models} - known.keys()

    def _update(self, name: str) -> bool:
        model = self._models.get(name)
        if model is None:
            self._goals[name] = Goal()
            return True
        try:
            if not os.path.isdir(model.base_path):  # Unlike Path.is_dir, it never raises.
                raise VersionsError(f"cannot find the folder {model.base_path}")
            published = frozenset(published_versions(model.base_path))
        except VersionsError as error:
            self._warn(name, f"{error}; loaded versions keep serving")
            loads_labels = self._source.loads_labels
            if not loads_labels or self._goals.get(name, Goal()).published:
                return False
            self._goals[name] = Goal(loads_labels=True, problem=str(error))
            return True
        loads_labels = self._source.loads_labels
        named = named_versions(model) if loads_labels else {*model.policy.specific.versions}
        absent = named - published
        selected = aspired_versions(model.policy, published)
        unknown = model.problem if selects_nothing(model) else ""
        self._goals[name] = Goal(published, selected, model.labels, absent, loads_labels, unknown)
        self._warn(name, model.problem or _lacking(model.base_path, published, absent))
        return True

    def _warn(self, subject: str, message: str | None) -> None:
        """Log a problem when it begins or changes, not in every poll; None ends it."""
        if message and self._warnings.get(subject) != message:
            _logger.warning("%s: %s", subject, message)
        self._warnings[subject] = message or ""


def _lacking(base: Path, published: Set[int], absent: Set[int]) -> str | None:
    """Return a message if the folder lacks versions that should be served."""
    if absent:
        return f"the config asks for versions that are not in {base}: {sorted(absent)}"
    return None if published else f"no version in {base}"
