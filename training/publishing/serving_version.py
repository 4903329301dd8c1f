"""Which version of a model serves now."""

from pathlib import Path

from serving.repository.errors import ConfigError, VersionsError
from serving.repository.model_config import ModelSettings, read_config
from serving.repository.served_versions import read_served
from serving.repository.version_policy import aspired_versions
from serving.repository.versions import published_versions
from training.errors import TrainingError

STABLE = "stable"


def serving_version(base: Path, model_config_file: Path | None = None) -> int | None:
    """Return the number of the version that serves now; None if nothing is published.

    It is the one with the label `stable` in the model server's config file, otherwise the newest
    that its version policy selects, otherwise the newest. Without a config file, or if that does
    not name the model, label and policy are those in the model's folder, `.serving.config`.

    Args:
        base: the model's folder of published versions; need not exist.
        model_config_file: of the model server, where it has one.

    Raises:
        TrainingError: it is unknown which version serves.
    """
    try:
        published = published_versions(base)
        settings = _settings(base, model_config_file)
    except (VersionsError, ConfigError) as error:
        raise TrainingError(f"not published: which version serves is unknown ({error})") from error
    if settings.labels.get(STABLE) in published:
        return settings.labels[STABLE]
    return max(aspired_versions(settings.policy, published) or published, default=None)


def _settings(base: Path, model_config_file: Path | None) -> ModelSettings:
    models = read_config(model_config_file) if model_config_file else []
    named = next((model for model in models if model.name == base.name), None)
    return named or read_served(base)
