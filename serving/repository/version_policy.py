"""Which versions of a model to serve, and in which order to load and unload them.

Pure functions over version numbers. They follow TensorFlow Serving's
``file_system_storage_path_source.cc`` and ``availability_preserving_policy.cc``; ``Goal`` goes
further for folders of models.
"""

from collections.abc import Collection, Mapping, Set
from dataclasses import dataclass, field
from enum import Enum

from tensorflow_serving.config.file_system_storage_path_source_pb2 import (
    FileSystemStoragePathSourceConfig as SourceConfig,
)


class Action(Enum):
    """A change to a version."""

    LOAD = "load"
    UNLOAD = "unload"


def aspired_versions(
    policy: SourceConfig.ServableVersionPolicy, published: Collection[int]
) -> set[int]:
    """Return the published versions that should be served.

    Without a policy, or with ``latest`` and no number, that is the newest one.
    """
    choice = policy.WhichOneof("policy_choice")
    if choice == "all":
        return set(published)
    if choice == "specific":
        return set(published).intersection(policy.specific.versions)
    return set(sorted(published)[-max(1, policy.latest.num_versions) :])


@dataclass(frozen=True)
class Answers:
    """Which version answers a call that names none, and one that names a label.

    Attributes:
        unnamed: None if no version serves.
        labels: by label; a version that does not serve is an error of the call.
    """

    unnamed: int | None = None
    labels: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Goal:
    """Which versions of a model should be served.

    Attributes:
        published: versions in the model's folder.
        versions: those that the policy selects.
        labels: versions by label.
        absent: versions that are named, by a pin or label, and not in the folder.
        loads_labels: whether versions that only a label names are loaded too. Then a label exists,
            or moves, once its version serves, and no version that answers is unloaded before
            another one answers instead, unless the folder is empty.
        problem: why no version is selected, if it is not known which should be.
    """

    published: Set[int] = frozenset()
    versions: Set[int] = frozenset()
    labels: Mapping[str, int] = field(default_factory=dict)
    absent: Set[int] = frozenset()
    loads_labels: bool = False
    problem: str = ""

    def answers(self, before: Answers, serving: Set[int]) -> Answers:
        """Return what answers now, ``serving`` being served, and ``before`` having answered."""
        selected = self.versions & serving or serving & {before.unnamed} or serving
        labels = self.labels
        if self.loads_labels:
            moved = {
                label: version if version in serving else before.labels.get(label, version)
                for label, version in labels.items()
            }
            labels = {label: version for label, version in moved.items() if version in serving}
        return Answers(max(selected, default=None), labels)

    def aspired(self, answers: Answers, serving: Set[int]) -> Set[int]:
        """Return the versions to load, or to keep while they answer."""
        if not self.loads_labels or not self.published:
            return self.versions
        wanted = {*self.versions, *self.labels.values(), *answers.labels.values()}
        return (wanted & self.published) | (wanted & serving) | (serving & {answers.unnamed})


def next_action(
    aspired: Set[int], serving: Set[int], loadable: Set[int]
) -> tuple[Action, int] | None:
    """Return the next step from ``serving`` towards ``aspired``; None if there is none.

    An unwanted version is unloaded only if an aspired one serves, if another unwanted one serves
    too, or if no version is aspired. The newest version is loaded first, the oldest unloaded first.

    Args:
        aspired: versions that should be served.
        serving: versions that are served.
        loadable: aspired versions that are neither served nor known to be broken.
    """
    unwanted = serving - aspired
    if unwanted and (not aspired or serving & aspired or len(unwanted) > 1):
        return Action.UNLOAD, min(unwanted)
    if loadable:
        return Action.LOAD, max(loadable)
    return None
