"""Which models to serve: TensorFlow Serving's model config file."""

import time
from collections.abc import Callable, Collection, Container, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from google.protobuf import text_format
from tensorflow_serving.config.file_system_storage_path_source_pb2 import (
    FileSystemStoragePathSourceConfig as SourceConfig,
)
from tensorflow_serving.config.model_server_config_pb2 import (
    ModelConfig,
    ModelServerConfig,
    ModelType,
)

from serving.repository.atomic_write import atomic_write
from serving.repository.errors import ConfigError as ConfigError

_PLATFORM = "tensorflow"


@dataclass(frozen=True)
class ModelSettings:
    """One model to serve.

    Attributes:
        name: its name in requests.
        base_path: the folder with its versions.
        policy: which versions to serve; the newest by default.
        labels: version numbers by version label.
        problem: why these are not the settings on disk; empty if they are.
    """

    name: str
    base_path: Path
    policy: SourceConfig.ServableVersionPolicy = field(
        default_factory=SourceConfig.ServableVersionPolicy
    )
    labels: Mapping[str, int] = field(default_factory=dict)
    problem: str = ""


class ModelList:
    """Models to serve, until they are replaced.

    Attributes:
        loads_labels: versions that only a label names are not loaded, as in TensorFlow Serving.
    """

    loads_labels = False

    def __init__(self, models: list[ModelSettings]) -> None:
        self._models = models

    def models(self) -> list[ModelSettings]:
        """Return the models."""
        return self._models

    def replace(self, models: list[ModelSettings]) -> None:
        """Serve other models, as TensorFlow Serving's HandleReloadConfigRequest does."""
        self._models = models


class ConfigFile(ModelList):
    """TensorFlow Serving's ``model_config_list`` in text format, read again periodically.

    ``logging_config`` has no effect, as in a stock TensorFlow Serving.
    """

    def __init__(
        self, path: Path, reread_seconds: float = 0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Read the file for the first time; 0 seconds: never reread it.

        Raises:
            ConfigError: the file is missing or invalid.
        """
        self._path = path
        self._reread_seconds = reread_seconds
        self._clock = clock
        self._read_at = clock()
        super().__init__(read_config(path))

    def models(self) -> list[ModelSettings]:
        """Return the models in the file, as last read without an error, or those set since.

        Raises:
            ConfigError: the file was to be read again, but is missing or invalid.
        """
        if self._reread_seconds and self._clock() - self._read_at >= self._reread_seconds:
            self._read_at = self._clock()
            self.replace(read_config(self._path))
        return super().models()


def read_config(path: Path) -> list[ModelSettings]:
    """Read the file of a ``ModelServerConfig`` and check it, see `parse_config`.

    Raises:
        ConfigError: the file is missing or invalid.
    """
    try:
        text = path.read_text()
    except (OSError, UnicodeDecodeError) as error:
        reason = " ".join(str(error).split())
        raise ConfigError(f"cannot read the model config file {path}: {reason}") from error
    return parse_config(text, path)


def parse_config(text: str, source: object) -> list[ModelSettings]:
    """Parse a ``ModelServerConfig`` in protobuf's text format and check it.

    The checks are TensorFlow Serving's: absolute base paths, unique names and the platform
    ``tensorflow``. A text without models is valid, as in TensorFlow Serving.

    Args:
        text: to parse.
        source: where it is from, for errors.

    Raises:
        ConfigError: the text is invalid.
    """
    config = ModelServerConfig()
    try:
        text_format.Parse(text, config)
    except text_format.ParseError as error:
        reason = " ".join(str(error).split())
        raise ConfigError(f"cannot read the model config file {source}: {reason}") from error
    if config.WhichOneof("config") == "custom_model_config":
        raise ConfigError(
            f"{source}: custom_model_config is not supported, list the models instead"
        )
    try:
        return settings_of(config)
    except ConfigError as error:
        raise ConfigError(f"{source}: {error}") from error


def settings_of(config: ModelServerConfig) -> list[ModelSettings]:
    """Return the models of a ``ModelServerConfig``, checked as in `parse_config`.

    Raises:
        ConfigError: a model's entry is invalid; says why in TensorFlow Serving's words.
    """
    models: dict[str, ModelSettings] = {}
    for model in config.model_config_list.config:
        problem = _problem(model, models)
        if problem:
            raise ConfigError(problem)
        models[model.name] = ModelSettings(
            name=model.name,
            base_path=Path(model.base_path),
            policy=model.model_version_policy,
            labels=dict(model.version_labels),
        )
    return list(models.values())


def _problem(model: ModelConfig, names: Collection[str]) -> str | None:
    """Return what is wrong with a model's entry, in the words of ``server_core.cc``."""
    if not model.name:
        return "a model has no name"
    if model.name in names:
        return f"Illegal to list model {model.name} multiple times in config list"
    if not Path(model.base_path).is_absolute():
        return (
            f"Expected model {model.name} to have an absolute path or URI; "
            f"got base_path()={model.base_path}"
        )
    if model.model_type and model.model_platform:
        return (
            "Illegal setting both ModelServerConfig::model_type (deprecated) "
            "and ModelServerConfig::model_platform."
        )
    if not model.model_type and not model.model_platform:
        return (
            "Illegal setting neither ModelServerConfig::model_type (deprecated) nor "
            "ModelServerConfig::model_platform. "
            f'Write model_platform: "{_PLATFORM}" for model {model.name}'
        )
    platform = model.model_platform or ModelType.Name(model.model_type).lower()
    if platform != _PLATFORM:
        return f"Model {model.name} requests unsupported platform {platform}"
    return None


def check_labels(
    old: list[ModelSettings], new: list[ModelSettings], serving: Mapping[str, Container[int]]
) -> None:
    """Check that no existing label would move to a version that is not in ``serving``.

    A new label may have any version: requests for it are NOT_FOUND until the version serves. That
    is TensorFlow Serving with ``--allow_version_labels_for_unavailable_models``, without which it
    does not start with a file that has labels.

    Raises:
        ConfigError: a label would; ``new`` must not be used.
    """
    before = {model.name: model.labels for model in old}
    for model in new:
        for label, version in model.labels.items():
            moved = before.get(model.name, {}).get(label, version) != version
            if moved and version not in serving.get(model.name, ()):
                raise ConfigError(
                    f"Request to assign label to version {version} of model {model.name}, "
                    "which is not currently available for inference"
                )


def config_of(models: Iterable[ModelSettings]) -> ModelServerConfig:
    """Return the ``ModelServerConfig`` of models: the inverse of `settings_of`."""
    config = ModelServerConfig()
    for model in models:
        config.model_config_list.config.add(
            name=model.name,
            base_path=str(model.base_path.absolute()),
            model_platform=_PLATFORM,
            model_version_policy=model.policy,
            version_labels=model.labels,
        )
    return config


def write_config(path: Path, models: Iterable[ModelSettings]) -> None:
    """Write the file of a ``ModelServerConfig`` in one step."""
    with atomic_write(path) as new:
        new.write_text(text_format.MessageToString(config_of(models)), "utf-8")
