"""Which versions in a model's folder serve: `.serving.config` beside them.

The file is TensorFlow Serving's `ModelConfig` in protobuf's text format, with two of its fields:
`model_version_policy` (a pin is `specific { versions: 3 }`) and `version_labels`. Without it the
newest version serves, without labels.
"""

from collections.abc import Callable, Collection
from pathlib import Path

from google.protobuf import text_format
from tensorflow_serving.config.model_server_config_pb2 import ModelConfig

from serving.repository.atomic_write import atomic_write
from serving.repository.errors import ConfigError, VersionsError
from serving.repository.model_config import ModelSettings
from serving.repository.version_policy import aspired_versions
from serving.repository.versions import SERVED as SERVED
from serving.repository.versions import explained, locked, published_versions

STABLE = "stable"
"""The label that answers requests without a version or label: see the gateway's `canary.py`."""

_FIELDS = ("model_version_policy", "version_labels")
_HEAD = "# Which versions serve, in the format of TensorFlow Serving's ModelConfig.\n"


def read_served(base: Path) -> ModelSettings:
    """Return which versions of the model in `base` serve; without a file, the newest one.

    Raises:
        ConfigError: the file cannot be read or is invalid.
    """
    return read_file(base) or ModelSettings(base.name, base)


def read_file(base: Path) -> ModelSettings | None:
    """Return what the file in `base` says; None if there is none.

    Raises:
        ConfigError: it cannot be read or is invalid.
    """
    path, config = base / SERVED, ModelConfig()
    try:
        text_format.Parse(path.read_text("utf-8"), config)
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError, text_format.ParseError) as error:
        reason = " ".join(str(error).split())
        raise ConfigError(f"cannot read {path}: {reason}; correct or delete it") from error
    problem = _problem(config)
    if problem:
        raise ConfigError(f"{path}: {problem}; correct or delete it")
    return ModelSettings(base.name, base, config.model_version_policy, dict(config.version_labels))


def change_served(base: Path, change: Callable[[ModelSettings], ModelSettings]) -> ModelSettings:
    """Change which versions of the model in `base` serve, in one step and under the model's lock.

    A model server notices within its poll interval. The file is written even if it says no more
    than the default, since a model server takes a missing one for a mistake.

    Args:
        base: the model's folder.
        change: from the current settings to the new ones; only policy and labels are kept.

    Returns:
        The new settings.

    Raises:
        ConfigError: the file cannot be read or is invalid, or would become so; it is unchanged.
        VersionsError: a version that the change names does not exist, or the file cannot be
            written; it is unchanged.
    """
    if not base.is_dir():
        raise VersionsError(f"model folder {base} does not exist")
    with explained(f"cannot change {base / SERVED}"), locked(base):
        before = read_served(base)
        after = change(before)
        config = ModelConfig(model_version_policy=after.policy, version_labels=after.labels)
        problem = _problem(config)
        if problem:
            raise ConfigError(f"{base / SERVED} is unchanged: {problem}")
        _check_exist(base, named_versions(after) - named_versions(before))
        with atomic_write(base / SERVED) as new:
            new.write_text(_HEAD + text_format.MessageToString(config), "utf-8")
    return after


def answering_version(settings: ModelSettings, published: Collection[int]) -> int | None:
    """Return the published version that answers requests without a version or label.

    It is the one with the label `stable`, otherwise the newest that the policy selects, otherwise
    the newest; None if there is none.
    """
    if settings.labels.get(STABLE) in published:
        return settings.labels[STABLE]
    return max(aspired_versions(settings.policy, published) or published, default=None)


def named_versions(settings: ModelSettings) -> set[int]:
    """Return the versions that a pin or a label names, whether they exist or not."""
    return {*settings.policy.specific.versions, *settings.labels.values()}


def selects_nothing(settings: ModelSettings) -> bool:
    """Return whether no version could ever be selected."""
    return settings.policy.HasField("specific") and not named_versions(settings)


def selected_versions(settings: ModelSettings, published: Collection[int]) -> set[int]:
    """Return the versions that the policy selects and those that labels name, if published."""
    labelled = set(published).intersection(settings.labels.values())
    return aspired_versions(settings.policy, published) | labelled


def _check_exist(base: Path, versions: Collection[int]) -> None:
    published = published_versions(base)
    missing = sorted(set(versions).difference(published))
    if missing:
        listed = ", ".join(map(str, published)) or "no version"
        raise VersionsError(f"{base.name} has no version {missing[0]} in {base}; it has {listed}")


def _problem(config: ModelConfig) -> str | None:
    """Return what is wrong with the content of a file."""
    others = [field.name for field, _ in config.ListFields() if field.name not in _FIELDS]
    if others:
        return f"{others[0]} cannot be set here, only {' and '.join(_FIELDS)}"
    policy = config.model_version_policy
    if policy.HasField("specific") and not policy.specific.versions:
        return "model_version_policy selects no version"
    if "" in config.version_labels:
        return "a version label is empty"
    return None
