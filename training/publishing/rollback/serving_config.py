"""Where a model server reads which versions of a model to serve."""

import contextlib
import os
import shutil
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from pathlib import Path

from filelock import FileLock

from serving.repository.atomic_write import atomic_write
from serving.repository.errors import ConfigError, VersionsError
from serving.repository.model_config import ModelSettings
from serving.repository.served_versions import change_served, read_served
from serving.repository.versions import locked
from training.errors import TrainingError
from training.publishing.model_folder import find_version
from training.publishing.rollback.config_text import edited, find_model

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

    def __init__(self, path: Path, name: str) -> None:
        self._path = path.resolve()  # Not the link to it, such as one of Kubernetes' volumes.
        self._name = name

    def read(self) -> ModelSettings:
        """Return policy and labels."""
        return find_model(self._text(), self._path, self._name)

    def change(self, change: SettingsChange) -> None:
        """Edit the model's entry and leave the rest of the file as it is."""
        base = self.read().base_path
        lock = self._path.with_name(f".{self._path.name}.lock")
        removal = locked(base) if os.access(base, os.W_OK) else contextlib.nullcontext()
        explained = _explained(f"{self._path} is unchanged")
        with explained, FileLock(lock, fallback_to_soft=False), removal:
            old = self._text()
            new = edited(old, self._path, self._name, change)
            if new != old:
                self._write(new)

    def _text(self) -> str:
        try:
            return self._path.read_bytes().decode("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise TrainingError(f"cannot read {self._path}: {reason}") from error

    def _write(self, text: str) -> None:
        with atomic_write(self._path) as new:
            new.write_bytes(text.encode("utf-8"))
            shutil.copymode(self._path, new)
            before = self._path.stat()
            with contextlib.suppress(PermissionError):  # The model server has to read it still.
                os.chown(new, before.st_uid, before.st_gid)


@contextlib.contextmanager
def _explained(what: str = "nothing has changed") -> Iterator[None]:
    try:
        yield
    except (ConfigError, VersionsError) as error:
        raise TrainingError(str(error)) from error
    except OSError as error:
        raise TrainingError(f"{what}: {error.strerror or error}") from error
