"""Which version of a model serves now."""

from pathlib import Path

from serving.repository.errors import ConfigError, VersionsError
from serving.repository.model_config import ModelSettings, read_config
from serving.repository.served_versions import answering_version, read_served
from serving.repository.versions import published_versions
from training.errors import TrainingError, UsageError
from training.publishing.model_folder import find_version


def serving_version(base: Path, model_config_file: Path | None = None) -> int | None:
    """Return the number of the version that serves now; None if nothing is published.

    It is the `answering_version` by the model server's config file; without one, or if that does
    not name the model, by `.serving.config` in the model's folder.

    Args:
        base: the model's folder of published versions; need not exist.
        model_config_file: of the model server, where it has one.

    Raises:
        TrainingError: it is unknown which version serves.
    """
    try:
        return answering_version(_settings(base, model_config_file), published_versions(base))
    except (VersionsError, ConfigError) as error:
        raise TrainingError(f"not published: which version serves is unknown ({error})") from error


def checked_config_file(path: Path) -> Path | None:
    """Return the path of the model server's config file, if it can be read.

    Returns:
        None where the file's folder is empty: so Kubernetes mounts an optional ConfigMap that does
        not exist.

    Raises:
        UsageError: it can't be read.
    """
    if path.parent.is_dir() and not any(path.parent.iterdir()):
        return None
    try:
        read_config(path)
    except ConfigError as error:
        raise UsageError(str(error)) from error
    return path


def find_serving_version(models: Path, reference: str) -> Path:
    """Return the folder of a version that is named, or of the one that serves.

    Args:
        models: folder of the models.
        reference: `NAME`, for the version that serves, or `NAME/VERSION`.

    Raises:
        TrainingError: there is no such model or version, or it is unknown which one serves.
    """
    folder = find_version(models, reference)
    if "/" in reference:
        return folder
    try:
        number = serving_version(folder.parent)
    except TrainingError as error:
        raise TrainingError(
            f"which version of {reference} serves is unknown ({error.__cause__}): name one, such as"
            f" {reference}/{folder.name}"
        ) from error
    return folder if number is None else folder.parent / str(number)


def _settings(base: Path, model_config_file: Path | None) -> ModelSettings:
    models = read_config(model_config_file) if model_config_file else []
    named = next((model for model in models if model.name == base.name), None)
    return named or read_served(base)
