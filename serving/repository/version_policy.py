"""Which versions of a model to serve, and in which order to load and unload them.

Pure functions over version numbers. They follow TensorFlow Serving's
``file_system_storage_path_source.cc`` and ``availability_preserving_policy.cc``.
"""

from collections.abc import Collection, Set
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
