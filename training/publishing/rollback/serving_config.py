"""Where a model server reads which versions of a model to serve."""

import contextlib
import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from pathlib import Path

from serving.repository.errors import ConfigError, VersionsError
from serving.repository.model_config import ModelSettings
from serving.repository.served_versions import change_served, read_served
from serving.repository.versions import locked
from training.errors import TrainingError
from training.publishing.model_folder import find_version
from training.publishing.rollback.config_text import edited, find_model
from training.publishing.rollback.text_file import TextFile

SettingsChange = Callable[[ModelSettings], ModelSettings]


class ServingConfig(ABC):
    """Policy and labels of one model, as the model server reads them.

    Attributes:
        loads_labels: whether versions that only a label names are loaded, too; TensorFlow Serving
            loads what the policy selects and nothing else.
        in_cluster: whether it is read in a cluster, which has a folder of versions of its own.
        hint: says when model servers follow a change.
        caution: what else to do after a change; may be empty.
    """

    loads_labels = False
    in_cluster = False
    hint: str
    caution = ""

    @abstractmethod
    def read(self) -> ModelSettings:
        """Return policy and labels; raise TrainingError if they can't be read."""

    @abstractmethod
    def change(self, change: SettingsChange) -> None:
        """Replace policy and labels in one step, one process at a time.

        Raises:
            TrainingError: they can't be replaced, and stay as they are.
        """


class ModelFolder(ServingConfig):
    """`.serving.config` in the model's folder, which the embedded model server reads."""

    loads_labels = True
    hint = "a running `make serve` follows within seconds"

    def __init__(self, models: Path, name: str) -> None:
        """Raise TrainingError if there is no such model; names those that there are."""
        find_version(models, name)
        self._base = models / name

    def read(self) -> ModelSettings:
        """Return policy and labels."""
        with _explained():
            return read_served(self._base)

    def change(self, change: SettingsChange) -> None:
        """Replace policy and labels."""
        with _explained():
            change_served(self._base, change)


class ConfigFile(ServingConfig):
    """The model's entry in TensorFlow Serving's model config file."""

    hint = "a model server follows when it reads the file again; --model-server waits for that"

    def __init__(self, file: TextFile, name: str) -> None:
        self._file = file
        self._name = name

    def read(self) -> ModelSettings:
        """Return policy and labels."""
        return find_model(self._file.read(), self._file, self._name)

    def change(self, change: SettingsChange) -> None:
        """Edit the model's entry and leave the rest of the file as it is."""
        base = self.read().base_path
        removal = locked(base) if os.access(base, os.W_OK) else contextlib.nullcontext()
        with _explained(f"{self._file} is unchanged"), removal:
            self._file.edit(lambda text: edited(text, self._file, self._name, change))


class ConfigMap(ConfigFile):
    """The model's entry in a ConfigMap, which TensorFlow Serving reads as a file."""

    in_cluster = True
    hint = "model servers follow within two minutes; --model-server waits for that"
    caution = (
        "the next `kubectl apply` undoes it, unless you change models.config in the manifests, too,"
        " with --model_config_file"
    )


@contextlib.contextmanager
def _explained(what: str = "nothing has changed") -> Iterator[None]:
    try:
        yield
    except (ConfigError, VersionsError) as error:
        raise TrainingError(str(error)) from error
    except OSError as error:
        raise TrainingError(f"{what}: {error.strerror or error}") from error
