"""Where the version that serves is read and changed, each in one step and by one at a time."""

import contextlib
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol

from filelock import FileLock

from serving.repository.atomic_write import atomic_write
from serving.repository.errors import ConfigError, VersionsError
from serving.repository.model_config import ModelSettings
from serving.repository.served_versions import change_served, read_served
from serving.repository.versions import locked
from training.errors import TrainingError
from training.publishing.model_folder import find_version
from training.publishing.served.config_text import edited, find_model

Change = Callable[[ModelSettings], ModelSettings]


class Target(Protocol):
    """Where a model server reads which versions of a model to serve.

    Attributes:
        options: the words of the command line that choose it.
        loads_labels: whether versions that only a label names are loaded, too; TensorFlow Serving
            loads what the policy selects and nothing else.
        is_live: whether a model server reads it for certain.
        hint: says when model servers follow.
        caution: what else to do after a change; may be empty.
    """

    options: tuple[str, ...]
    loads_labels: bool
    is_live: bool
    hint: str
    caution: str

    def read(self) -> ModelSettings:
        """Return policy and labels of the model; raise TrainingError if they can't be read."""

    def change(self, change: Change) -> None:
        """Replace policy and labels; raise TrainingError if they can't be, and stay as they are."""


class ModelFolder:
    """`.serving.config` in the model's folder, which the embedded model server reads."""

    loads_labels = True
    is_live = True
    hint = "a running `make serve` follows within seconds"
    caution = ""

    def __init__(self, models: Path, name: str) -> None:
        """Raise TrainingError if there is no such model; names those that there are."""
        find_version(models, name)
        named = ("--models", str(models))
        self.options: tuple[str, ...] = () if models == Path("models") else named
        self._base = models / name

    def read(self) -> ModelSettings:
        """Return policy and labels of the model."""
        with _explained():
            return read_served(self._base)

    def change(self, change: Change) -> None:
        """Replace policy and labels."""
        with _explained():
            change_served(self._base, change)


class ConfigFile:
    """TensorFlow Serving's model config file."""

    loads_labels = False
    is_live = False
    hint = "a model server follows when it reads the file again; --model-server waits for that"
    caution = ""

    def __init__(self, path: Path, name: str) -> None:
        self.options: tuple[str, ...] = ("--model_config_file", str(path))
        self._path = path.resolve()  # Not the link to it, such as one of Kubernetes' volumes.
        self._name = name

    def read(self) -> ModelSettings:
        """Return the model's entry."""
        return find_model(self._text(), self._path, self._name)

    def change(self, change: Change) -> None:
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
