"""A model at the place where the version that serves is chosen, and its state."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from serving.repository.errors import VersionsError
from serving.repository.model_config import ModelSettings
from serving.repository.versions import published_versions
from training.errors import TrainingError
from training.publishing.served.changes import selected_versions, serving_version
from training.publishing.served.targets import Target

if TYPE_CHECKING:
    from training.publishing.served.model_servers import ModelServers  # Imports gRPC.


@dataclass(frozen=True)
class Place:
    """Where the version that serves is changed, and how.

    Attributes:
        name: of the model.
        target: what the model server reads.
        console: shows what takes a while.
        models: folder with the versions; None: where the target says.
        servers: the model servers that read the target; None if they are not known.
        force: serve versions with other labels.
        unload: do not load versions any longer that have no label.
    """

    name: str
    target: Target
    console: Console
    models: Path | None = None
    servers: "ModelServers | None" = None
    force: bool = False
    unload: bool = False

    def state(self) -> "State":
        """Read what is published, loaded and serving now."""
        settings = self.target.read()
        base = self.models / self.name if self.models else settings.base_path
        try:
            published = published_versions(base) if self.models or base.is_dir() else None
        except VersionsError as error:
            raise TrainingError(str(error)) from error
        if published == []:
            raise TrainingError(f"there is no published version of {self.name} in {base}")
        # A cluster has a folder of its own, whatever its path is.
        is_its = published is not None and not (self.target.is_live and base != settings.base_path)
        selected = selected_versions(settings, published if is_its else None)
        if selected is None and self.servers:
            selected = self.servers.available(self.name)
        return State(settings, base, published, is_its, selected)


@dataclass(frozen=True)
class State:
    """Policy and labels of a model, and what they mean.

    Attributes:
        settings: policy and labels.
        base: the folder of its versions.
        published: its versions; None if that folder is not on this machine.
        is_its: whether that is the folder that the model server reads, as far as can be known.
        selected: those that model servers load by the policy; None if that is unknown.
    """

    settings: ModelSettings
    base: Path
    published: list[int] | None
    is_its: bool
    selected: set[int] | None

    @property
    def serving(self) -> int | None:
        """The version that requests without version and label get; None if it is unknown."""
        return serving_version(self.settings, self.selected)
