"""A model with the configuration that says which of its versions serve, and its state."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from serving.repository.errors import VersionsError
from serving.repository.model_config import ModelSettings
from serving.repository.versions import published_versions
from training.errors import TrainingError
from training.publishing.rollback.serving_config import ServingConfig
from training.publishing.rollback.settings import default_version, selected_versions

if TYPE_CHECKING:
    from training.publishing.rollback.model_servers import ModelServer  # Imports gRPC.


@dataclass(frozen=True)
class ServedModel:
    """A model, and how the version that serves is changed.

    Attributes:
        name: of the model.
        config: what the model server reads.
        models: folder with the versions; None: where the configuration says.
        servers: the model servers that read the configuration; empty if they are not known.
        force: serve versions with other labels.
        unload: do not load versions any longer that have no label.
        console: shows what takes a while.
    """

    name: str
    config: ServingConfig
    models: Path | None = None
    servers: "Sequence[ModelServer]" = ()
    force: bool = False
    unload: bool = False
    console: Console = field(default_factory=Console)

    def state(self) -> "State":
        """Read what is published, loaded and serving now.

        Raises:
            TrainingError: it can't be read, or nothing is published.
        """
        settings = self.config.read()
        base = self.models / self.name if self.models else settings.base_path
        try:
            published = published_versions(base) if self.models or base.is_dir() else None
        except VersionsError as error:
            raise TrainingError(str(error)) from error
        if published == []:
            raise TrainingError(f"there is no published version of {self.name} in {base}")
        elsewhere = published is None or (self.config.in_cluster and base != settings.base_path)
        selected = selected_versions(settings, None if elsewhere else published)
        if selected is None and self.servers:
            selected = self.available()
        return State(settings, base, published, elsewhere, selected)

    def available(self) -> set[int]:
        """Return the versions that all model servers have loaded; there must be one."""
        return set.intersection(*(server.available(self.name) for server in self.servers))


@dataclass(frozen=True)
class State:
    """Policy and labels of a model, and what they mean.

    Attributes:
        settings: policy and labels.
        base: the folder of its versions.
        published: the versions in it; None if that folder is not on this machine.
        elsewhere: whether the model server reads another folder, so that versions may be missing.
        selected: those that model servers load by the policy; None if that is unknown.
    """

    settings: ModelSettings
    base: Path
    published: list[int] | None
    elsewhere: bool
    selected: set[int] | None

    @property
    def serving(self) -> int | None:
        """The version that requests without version and label get; None if it is unknown."""
        return default_version(self.settings, self.selected)
