"""What policy and labels of a model mean, and how they change; pure functions.

`published` are the versions in the folder that the model server reads; None if it is not seen here.
"""

from collections.abc import Collection
from dataclasses import replace

from tensorflow_serving.config.file_system_storage_path_source_pb2 import (
    FileSystemStoragePathSourceConfig as SourceConfig,
)

from serving.repository.model_config import ModelSettings
from serving.repository.version_policy import aspired_versions

STABLE = "stable"
"""The label that requests without version and label use, where a model has it."""

CANARY = "canary"
"""The label that a share of these requests uses, if the gateway has one."""

Policy = SourceConfig.ServableVersionPolicy


def selected_versions(
    settings: ModelSettings, published: Collection[int] | None
) -> set[int] | None:
    """Return the versions that the policy selects; None if that depends on an unknown disk."""
    if published is None:
        return set(settings.policy.specific.versions) or None
    return aspired_versions(settings.policy, published)


def default_version(settings: ModelSettings, selected: Collection[int] | None) -> int | None:
    """Return the version that requests without version and label get; None if it is unknown."""
    return settings.labels.get(STABLE) or max(selected or (), default=None)


def pinned(settings: ModelSettings, *versions: int) -> ModelSettings:
    """Return settings that load these versions and no others."""
    policy = Policy()
    policy.specific.versions.extend(versions)
    return replace(settings, policy=policy)


def unpinned(settings: ModelSettings) -> ModelSettings:
    """Return settings without a pin: they load the newest version."""
    is_pinned = settings.policy.HasField("specific")
    return replace(settings, policy=Policy()) if is_pinned else settings


def with_label(settings: ModelSettings, label: str, version: int) -> ModelSettings:
    """Return settings whose label names a version."""
    return replace(settings, labels={**settings.labels, label: version})


def without_label(settings: ModelSettings, label: str) -> ModelSettings:
    """Return settings without a label."""
    labels = {name: version for name, version in settings.labels.items() if name != label}
    return replace(settings, labels=labels)


def also_loading(settings: ModelSettings, version: int, loaded: Collection[int]) -> ModelSettings:
    """Return settings that load a version besides those that are loaded."""
    before = list(settings.policy.specific.versions) or sorted(loaded)
    return pinned(settings, *before, version)


def only_labelled(settings: ModelSettings, before: ModelSettings) -> ModelSettings:
    """Return settings without versions that have no label now and had none before.

    Calls with the label of a version that is being unloaded would fail: those that have just lost
    it stay.
    """
    named = {*settings.labels.values(), *before.labels.values()}
    kept = [version for version in settings.policy.specific.versions if version in named]
    return pinned(settings, *kept) if kept else settings
