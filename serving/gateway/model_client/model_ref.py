"""Which model a request asks for, and the states of a model's versions."""

from dataclasses import dataclass


@dataclass(frozen=True)
class ModelRef:
    """What a request asks for: a model, and at most one of version number and version label."""

    name: str
    version: int | None = None
    label: str | None = None

    def __str__(self) -> str:
        if self.version is not None:
            return f"{self.name}, version {self.version}"
        return self.name if self.label is None else f"{self.name}, label {self.label}"


@dataclass(frozen=True)
class VersionState:
    """The state of one version, as TensorFlow Serving names them, such as `AVAILABLE`."""

    version: int
    state: str
    message: str
