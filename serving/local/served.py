"""What the folder of a model says about which versions serve, in words."""

from pathlib import Path

from serving.repository.served_versions import STABLE, read_served
from serving.repository.versions import published_versions


def describe_served(base: Path) -> str | None:
    """Return which versions of the model in `base` serve; None if it is simply the newest.

    For example: ``clothing: version 2 (pinned; 3 is the newest), version 3 (label canary)``.

    Raises:
        ConfigError: `.serving.config` is invalid.
        VersionsError: the folder cannot be read.
    """
    settings = read_served(base)
    pinned = max(settings.policy.specific.versions, default=None)
    labels = dict(sorted(settings.labels.items()))
    if pinned is None and not labels:
        return None
    newest = max(published_versions(base), default=0)
    if STABLE in labels:
        version, why = labels.pop(STABLE), f"label {STABLE}"
    elif pinned is not None:
        version, why = pinned, "pinned"
    else:
        version, why = newest, "the newest"
    if version != newest:
        why = f"{why}; {newest} is the newest"
    others = [f"version {number} (label {label})" for label, number in labels.items()]
    return f"{base.name}: " + ", ".join([f"version {version} ({why})", *others])
